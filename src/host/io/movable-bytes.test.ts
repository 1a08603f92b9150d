import assert from "node:assert/strict";
import { test } from "node:test";
import { hostContext } from "../../../test/support/host-context.ts";
import { bytesToFill, dropSpare, isMovable, takeBack } from "./movable-bytes.ts";

const BLOCK = 1024 * 1024;

test("large bytes move with their memory, which holds nothing else; small ones do not", () => {
  const context = hostContext();
  assert.equal(isMovable(bytesToFill(context, 65_535)), false);
  assert.equal(isMovable(bytesToFill(context, 0)), false);
  assert.equal(isMovable(new Uint8Array(BLOCK)), false);
  for (const length of [65_536, BLOCK, BLOCK + 1, 3 * BLOCK]) {
    const bytes = bytesToFill(context, length);
    assert.ok(isMovable(bytes));
    assert.ok(isMovable(bytes.subarray(0, 5)));
    assert.equal(isMovable(bytes.subarray(5, 5)), false);
    assert.equal(bytes.length, length);
    assert.equal(Buffer.compare(Buffer.from(bytes.buffer), Buffer.alloc(bytes.buffer.byteLength)), 0);
  }
});

test("a block that is taken back is out of other hands, and serves the same invocation alone", () => {
  const [context, other] = [hostContext(), hostContext()];
  const bytes = bytesToFill(context, BLOCK).fill(7);
  takeBack(context, bytes.buffer as ArrayBuffer);
  assert.equal(bytes.length, 0);
  assert.equal(bytesToFill(other, BLOCK)[0], 0);
  const again = bytesToFill(context, 100_000);
  assert.deepEqual([again.length, again[0]], [100_000, 7]);
  assert.equal(bytesToFill(context, BLOCK)[0], 0, "one block serves one read at a time");
});

test("what was taken away meanwhile, or is no block, is not taken back", () => {
  const context = hostContext();
  const { buffer } = bytesToFill(context, BLOCK).fill(7);
  (buffer as ArrayBuffer).transfer();
  takeBack(context, buffer as ArrayBuffer);
  takeBack(context, new Uint8Array(100_000).fill(7).buffer);
  assert.equal(bytesToFill(context, BLOCK)[0], 0);
});

test("a block is let go while the invocation waits", () => {
  const context = hostContext();
  dropSpare(context);
  takeBack(context, bytesToFill(context, BLOCK).fill(7).buffer as ArrayBuffer);
  dropSpare(context);
  assert.equal(bytesToFill(context, BLOCK)[0], 0);
});
