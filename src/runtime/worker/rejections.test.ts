import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { WorkerPool } from "../threads/pool.ts";
import { Rejections } from "./rejections.ts";

test("a rejection that nobody waits for is told, eight times at most, and cut", () => {
  const told: string[] = [];
  const rejections = new Rejections((reason) => told.push(reason));
  rejections.add(new Error("x".repeat(10_000)));
  rejections.add(undefined);
  rejections.add({
    toString() {
      throw new Error("no text");
    },
  });
  for (let more = 0; more < 100; more += 1) rejections.add(new Error("again"));
  assert.deepEqual(told.slice(1, 4), ["undefined", "for a reason that cannot be told", "again"]);
  assert.deepEqual([told.length, told[0]?.length], [8, 500]);
});

// It was swallowed.
test("a fault of the host's in a worker thread comes as a warning, and the thread goes on", async (context) => {
  const fault = 'data:text/javascript,setImmediate(() => Promise.reject(new Error("a\\u001bfault")))';
  const pool = new WorkerPool(1, { workerFlags: ["--import", fault] });
  context.after(() => pool.close());
  const warned = once(process, "warning");
  pool.warm();
  const [warning] = (await warned) as [Error & { readonly code?: string }];
  assert.equal(warning.code, "CORDON_UNHANDLED_REJECTION");
  assert.match(warning.message, /rejected in a worker thread.*a\\u\{1b\}fault/);
});
