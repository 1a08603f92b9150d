import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { framed, FrameReader } from "./frames.ts";

test("messages come out as they went in, however the stream is cut", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 8 }),
      fc.infiniteStream(fc.integer({ min: 1, max: 9 })),
      (given, cuts) => {
        const stream = Buffer.concat(given.flatMap((message) => framed(Buffer.from(message))));
        const reader = new FrameReader(() => 50);
        const got: Buffer[] = [];
        for (let at = 0; at < stream.length;) {
          const length = cuts.next().value ?? 1;
          got.push(...reader.push(stream.subarray(at, at + length)));
          at += length;
        }
        assert.deepEqual(
          got.map((message) => [...message]),
          given.map((message) => [...message]),
        );
      },
    ),
    { numRuns: 200 },
  );
});

test("a message that says it is longer than it may be is refused before it comes", () => {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(51);
  assert.throws(() => [...new FrameReader(() => 50).push(head)], /longer than 50 bytes/);
});
