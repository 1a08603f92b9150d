import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { test } from "node:test";
import { Sandbox } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, textGuest } from "../support/guests.ts";

/*
 * Calls of a program whose calls have been brief are sent to a thread behind one another. A guest may be brief for as long as it takes, and
 * then not.
 */

/** Spins where it makes room for a long list, which the engine cannot suspend, or where it is called with a list that begins with 1. */
const GUEST = `(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (if (i32.gt_u (local.get 3) (i32.const 100)) (then (loop $spin (br $spin))))
      (i32.const 64))
    (func (export "f") (param i32 i32) (result i32)
      (if (i32.eq (i32.load8_u (i32.const 64)) (i32.const 1)) (then (loop $spin (br $spin))))
      (i32.load8_u (i32.const 64))))
  (core instance $i (instantiate $m))
  (func (export "f") (param "x" (list u8)) (result u32)
    (canon lift (core func $i "f") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))`;

const SPINNING: Readonly<Record<string, readonly number[]>> = {
  "in a loop": [1],
  "where it cannot be suspended": Array.from({ length: 200 }, () => 0),
};

// Weakening: none of the calls that a thread was sent is taken back.
for (const [where, list] of Object.entries(SPINNING)) {
  test(`a guest that was brief and then spins ${where} keeps none waiting that was sent behind it`, async () => {
    await using sandbox = await Sandbox.open(await textGuest("brief-and-then-not", GUEST), {
      cache: TEST_CACHE,
      limits: { timeoutMs: 60_000, fuel: Number.MAX_SAFE_INTEGER },
    });
    const brief = (): Promise<unknown> => sandbox.call("f", [[3]]).then(({ value }) => value);
    for (let round = 0; round < 3; round += 1) await Promise.all(Array.from({ length: 16 }, brief));
    const stop = new AbortController();
    let ended = 0;
    const spinning = Array.from({ length: availableParallelism() }, async () => {
      await failsWith("cancelled", /./, sandbox.call("f", [list], { signal: stop.signal }));
      ended += 1;
    });
    const values = await Promise.all(Array.from({ length: 12 }, brief));
    assert.equal(ended, 0, "before those that spin have ended");
    assert.deepEqual(
      values,
      values.map(() => 3),
    );
    stop.abort();
    await Promise.all(spinning);
  });
}
