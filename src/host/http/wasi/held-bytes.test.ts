import assert from "node:assert/strict";
import { test } from "node:test";
import { HeldBytes, ThreadHeld } from "./held-bytes.ts";

const [KIB, MIB] = [1024, 1024 * 1024];

/** Takes as much as it is given, in steps. */
function taken(thread: ThreadHeld): HeldBytes {
  const held = new HeldBytes(16 * MIB, thread);
  while (held.take(4 * KIB));
  return held;
}

// Weakening: what the invocations of a thread hold is not counted together.
test("invocations hold less each when others hold much, a buffer in any case, and nothing when they have ended", () => {
  const thread = new ThreadHeld();
  const all = Array.from({ length: 200 }, () => taken(thread));
  assert.deepEqual([all[0]?.held, all.at(-1)?.held], [16 * MIB, 64 * KIB]);
  const sum = all.reduce((bytes, { held }) => bytes + held, 0);
  assert.ok(sum <= 32 * MIB + 200 * 64 * KIB, `${sum} bytes`);
  for (const held of all) {
    held.end();
    held.end();
    // What is dropped after the end was given back with it.
    held.release(4 * KIB);
    assert.equal(held.take(1), false);
  }
  assert.equal(thread.takeLeft(), 4 * sum);
  assert.equal(thread.takeLeft(), 0);
  assert.equal(taken(thread).held, 16 * MIB);
});
