import assert from "node:assert/strict";
import { test } from "node:test";
import { guestInode, inodeOfName, inodeValue, sipHash } from "./guest-inode.ts";

/** The key of the test vectors that its authors give: 00 01 02 ... 0f. */
const KEY = [
  { low: 0x03020100, high: 0x07060504 },
  { low: 0x0b0a0908, high: 0x0f0e0d0c },
] as const;

test("the hash gives the values of its authors' test vectors", () => {
  const vectors: readonly (readonly [number, bigint])[] = [
    [0, 0x726fdb47dd0e0e31n],
    [1, 0x74f839c593dc67fdn],
    [7, 0xab0200f58b01d137n],
    [8, 0x93f5f5799a932462n],
    [15, 0xa129ca6149be45e5n],
    [16, 0x3f2acc7f57c29bdbn],
    [63, 0x958a324ceb064572n],
  ];
  for (const [length, expected] of vectors) {
    const bytes = Uint8Array.from({ length }, (_, index) => index);
    assert.equal(inodeValue(sipHash(KEY, bytes)), expected, `${length} bytes`);
  }
});

test("a file has one number, whatever its name, and another on another device", () => {
  const one = inodeValue(guestInode({ dev: 1n, ino: 2n }));
  assert.equal(inodeValue(guestInode({ dev: 1n, ino: 2n })), one);
  for (const other of [
    { dev: 2n, ino: 1n },
    { dev: 1n, ino: 3n },
    { dev: -1n, ino: 2n },
    { dev: 1n, ino: 2n + 2n ** 32n },
  ]) {
    assert.notEqual(inodeValue(guestInode(other)), one);
  }
  assert.ok(one !== 1n && one !== 2n);
});

test("names of a folder have numbers of their own", () => {
  const [folder, other] = [guestInode({ dev: 1n, ino: 1n }), guestInode({ dev: 1n, ino: 2n })];
  const numbers = ["a", "b", "c"].map((name) => inodeValue(inodeOfName(folder, name)));
  assert.equal(new Set([...numbers, inodeValue(inodeOfName(other, "a"))]).size, 4);
  assert.equal(inodeValue(inodeOfName(folder, "a")), numbers[0]);
});
