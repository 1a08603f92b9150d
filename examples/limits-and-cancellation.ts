/**
 * Bounds what a call may use, ends calls from outside, and goes on working afterwards.
 */
import assert from "node:assert/strict";
import { CordonError, Sandbox } from "cordon";

const calculator = new URL("../build/examples/calculator.wasm", import.meta.url);

await using sandbox = await Sandbox.open(calculator, {
  // For every call of this sandbox; the rest stays at the defaults.
  limits: { timeoutMs: 10_000, memoryBytes: 16 * 1024 * 1024 },
});

// `spin` runs for ever: the deadline of this one call ends it.
const late = await failure(sandbox.call("spin", [], { limits: { timeoutMs: 200 } }));
assert.equal(late.code, "limit");
assert.equal(late.limit?.limit, "deadline");
assert.equal(late.limit.cap, 200);
console.log(late.message);

// An AbortSignal ends it too, whenever the caller has had enough.
const enough = new AbortController();
const call = failure(sandbox.call("spin", [], { signal: enough.signal }));
setTimeout(() => enough.abort(new Error("the user closed the window")), 100);
const cancelled = await call;
assert.equal(cancelled.code, "cancelled");
assert.match(String(cancelled.cause), /closed the window/);
console.log(`${cancelled.message}: ${String(cancelled.cause)}`);

// Every call has an instance of its own, so neither left anything behind.
const { value, usage } = await sandbox.call("add", [20, 22]);
assert.equal(value, 42);
assert.ok((usage.memoryHighWaterBytes ?? 0) <= 16 * 1024 * 1024);
console.log(`20 + 22 = ${String(value)}, with ${String(usage.memoryHighWaterBytes)} bytes of memory`);

async function failure(attempt: Promise<unknown>): Promise<CordonError> {
  const error: unknown = await attempt.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof CordonError);
  return error;
}
