import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BODY_BUFFER_BYTES, ByteQueue } from "./byte-queue.ts";
import { HeldBytes } from "./held-bytes.ts";

const TOO_LARGE = { tag: "HTTP-response-body-size", val: 10n } as const;

function queue({ cap = 1_000_000, maxBytes = 1_000_000 } = {}): { queue: ByteQueue; held: HeldBytes } {
  const held = new HeldBytes(cap);
  return { held, queue: new ByteQueue({ held, maxBytes, tooLarge: TOO_LARGE }) };
}

test("bytes come out as they went in, however they are cut", () => {
  const step = fc.oneof(
    fc.record({ push: fc.oneof(fc.integer({ min: 0, max: 64 }), fc.integer({ min: 4_000, max: 20_000 })) }),
    fc.record({ take: fc.integer({ min: 0, max: 9_000 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { queue: bytes, held } = queue({ cap: 1e9, maxBytes: 1e9 });
      const out: number[] = [];
      let next = 0;
      for (const one of steps) {
        if ("push" in one) bytes.push(Uint8Array.from({ length: one.push }, () => next++ % 251));
        else out.push(...bytes.take(one.take));
        assert.equal(held.held, bytes.size);
      }
      while (bytes.size > 0) out.push(...bytes.take(bytes.size));
      assert.equal(out.length, next);
      assert.ok(out.every((byte, index) => byte === index % 251));
      assert.equal(bytes.total, next);
      assert.equal(held.held, 0);
    }),
    { numRuns: 60 },
  );
});

test("past the largest body it fails, and keeps what came before", () => {
  const { queue: bytes } = queue({ maxBytes: 10 });
  bytes.push(new Uint8Array(10));
  const before = bytes.ending;
  assert.equal(before, undefined);
  bytes.push(new Uint8Array(1));
  assert.deepEqual(bytes.ending, { kind: "failed", code: TOO_LARGE });
  bytes.finish({ kind: "end", trailers: undefined });
  assert.equal(bytes.ending?.kind, "failed", "the first ending stands");
  assert.equal(bytes.take(100).length, 10);
});

test("what all bodies hold together is bounded", () => {
  const { queue: bytes, held } = queue({ cap: 100 });
  held.take(95);
  bytes.push(new Uint8Array(10));
  assert.equal(bytes.ending?.kind, "failed");
  assert.equal(held.held, 95);
});

test("a reader that discards gets the ending, a reader that has gone gives everything back", async () => {
  const { queue: bytes, held } = queue();
  bytes.push(new Uint8Array(BODY_BUFFER_BYTES));
  assert.equal(bytes.room, 0);
  bytes.discard();
  assert.deepEqual([held.held, bytes.room], [0, BODY_BUFFER_BYTES]);
  bytes.push(new Uint8Array(50));
  assert.deepEqual([held.held, bytes.size, bytes.total], [0, 0, BODY_BUFFER_BYTES + 50]);
  const woken = bytes.changed.wait(new AbortController().signal);
  bytes.finish({ kind: "end", trailers: undefined });
  await woken;
  assert.equal(bytes.readable, true);

  const { queue: other, held: otherHeld } = queue();
  other.push(new Uint8Array(50));
  other.abandon();
  other.push(new Uint8Array(50));
  assert.deepEqual([otherHeld.held, other.size, other.take(10).length], [0, 0, 0]);
});

test("many small chunks take no more memory than blocks of their bytes", () => {
  const { queue: bytes } = queue();
  const chunk = new Uint8Array(1);
  for (let count = 0; count < 60_000; count++) bytes.push(chunk);
  let blocks = 0;
  while (bytes.size > 0) {
    bytes.take(bytes.size);
    blocks += 1;
  }
  assert.ok(blocks < 10, `${blocks} blocks`);
});

test("a chunk does not keep the larger buffer it is a part of", () => {
  const { queue: bytes } = queue();
  bytes.push(new Uint8Array(65_536).subarray(0, 5_000));
  assert.equal(bytes.take(5_000).buffer.byteLength, 5_000);
});
