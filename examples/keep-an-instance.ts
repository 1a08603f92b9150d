/**
 * Keeps one instance for many calls, and pays for what it computes in fuel.
 */
import assert from "node:assert/strict";
import { CordonError, Sandbox } from "cordon";

const calculator = new URL("../build/examples/calculator.wasm", import.meta.url);

await using sandbox = await Sandbox.open(calculator);
await using instance = await sandbox.instantiate({ limits: { fuel: 1_000_000, timeoutMs: 5_000 } });

// The same work costs the same, on every machine.
const costs: number[] = [];
for (let round = 0; round < 2; round += 1) {
  const before = instance.fuelRemaining;
  assert.equal((await instance.call("add", [20, 22])).value, 42);
  costs.push(before - instance.fuelRemaining);
}
assert.equal(costs[0], costs[1]);
console.log(`20 + 22 costs ${String(costs[0])} units of fuel, and ${instance.fuelRemaining} are left`);

instance.refuel(2_000_000);
assert.ok(instance.fuelRemaining > 2_000_000);

// What comes to a limit is no more: this call, and every later one, says why.
for (const name of ["spin", "add"]) {
  const error: unknown = await instance.call(name, name === "add" ? [1, 2] : []).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof CordonError);
  assert.equal(error.limit?.limit, "fuel");
  console.log(error.message);
}
console.log(`all calls together used ${sandbox.totals.fuel} units`);
