import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { ByteReader, MalformedError } from "./byte-reader.ts";

function reader(...bytes: number[]): ByteReader {
  return new ByteReader(Uint8Array.from(bytes));
}

function malformedAt(offset: number, pattern: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert(error instanceof MalformedError);
    assert.equal(error.offset, offset);
    assert.match(error.message, pattern);
    assert.match(error.message, new RegExp(`at byte ${offset}$`));
    return true;
  };
}

/** LEB128 of any width, the straightforward way. */
function leb(value: bigint, isSigned: boolean): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    const low = Number(rest & 0x7fn);
    const isLast = isSigned ? rest >> 6n === 0n || rest >> 6n === -1n : rest < 0x80n;
    bytes.push(isLast ? low : low | 0x80);
    if (isLast) return bytes;
  }
}

describe("ByteReader integers", () => {
  test("reads back every unsigned 32-bit integer", () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), (value) => {
        const bytes = reader(...leb(BigInt(value), false), 0xaa);
        assert.equal(bytes.u32(), value);
        assert.equal(bytes.remaining, 1);
      }),
    );
  });

  test("reads back every unsigned 64-bit integer", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
        assert.equal(reader(...leb(value, false)).u64(), value);
      }),
    );
  });

  test("reads back every signed 33-bit integer", () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 32), max: 2 ** 32 - 1 }), (value) => {
        assert.equal(reader(...leb(BigInt(value), true)).s33(), value);
      }),
    );
  });

  test("accepts padding within the length a width allows", () => {
    assert.equal(reader(0x83, 0x80, 0x80, 0x80, 0x00).u32(), 3);
    assert.equal(reader(0xff, 0xff, 0xff, 0xff, 0x7f).s33(), -1);
  });

  for (const [what, bytes, read] of [
    ["a 32-bit integer of six bytes", [0x80, 0x80, 0x80, 0x80, 0x80, 0x00], (input) => input.u32()],
    ["bits beyond 32", [0xff, 0xff, 0xff, 0xff, 0x1f], (input) => input.u32()],
    ["a 64-bit integer of eleven bytes", [...Array<number>(10).fill(0x80), 0x00], (input) => input.u64()],
    ["bits beyond 64", [...Array<number>(9).fill(0xff), 0x02], (input) => input.u64()],
    ["a 33-bit integer of six bytes", [0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], (input) => input.s33()],
    ["bits beyond 33 that are not the sign", [0x80, 0x80, 0x80, 0x80, 0x30], (input) => input.s33()],
  ] as const satisfies readonly (readonly [string, readonly number[], (input: ByteReader) => unknown])[]) {
    test(`refuses ${what}`, () => {
      assert.throws(() => read(reader(...bytes)), malformedAt(0, /does not fit/));
    });
  }

  test("names the byte at which an integer is cut short", () => {
    assert.throws(() => reader(0x80, 0x80).u32(), malformedAt(2, /end too early/));
  });
});

describe("ByteReader ranges", () => {
  test("never reads past its range, though the array goes on", () => {
    const input = new ByteReader(Uint8Array.of(1, 2, 3, 4), 1, 3);
    assert.deepEqual([...input.bytes(2)], [2, 3]);
    assert.equal(input.remaining, 0);
    assert.throws(() => input.u8(), malformedAt(3, /end too early/));
    assert.throws(() => input.bytes(1), malformedAt(3, /1 bytes are announced where 0 are left/));
  });

  test("gives a part to a reader of its own and moves past it", () => {
    const input = new ByteReader(Uint8Array.of(9, 1, 2, 7), 1);
    const part = input.sub(2);
    assert.equal(input.u8(), 7);
    assert.deepEqual([part.offset, part.end, part.peek(), part.u8(), part.u8()], [1, 3, 1, 1, 2]);
    assert.throws(() => part.u8(), malformedAt(3, /end too early/));
    assert.throws(() => reader(1).sub(2), malformedAt(0, /announced/));
  });

  test("refuses a count that the bytes left cannot hold", () => {
    assert.equal(reader(2, 0, 0).count(), 2);
    assert.throws(() => reader(0xff, 0xff, 0xff, 0xff, 0x0f).count(), malformedAt(0, /4294967295 elements/));
  });

  test("refuses a range outside of the array", () => {
    assert.throws(() => new ByteReader(new Uint8Array(2), 1, 3), RangeError);
    assert.throws(() => new ByteReader(new Uint8Array(2), 2, 1), RangeError);
  });
});

const character = fc
  .oneof(fc.nat(0x7f), fc.nat(0xd7ff), fc.integer({ min: 0xe000, max: 0x10ffff }))
  .map((codePoint) => String.fromCodePoint(codePoint));

describe("ByteReader names", () => {
  test("reads back any well-formed text", () => {
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 40 }), (text) => {
        const encoded = new TextEncoder().encode(text);
        const input = new ByteReader(Uint8Array.from([...leb(BigInt(encoded.length), false), ...encoded]));
        assert.equal(input.name(200), text);
      }),
    );
  });

  test("keeps a byte order mark", () => {
    assert.equal(reader(4, 0xef, 0xbb, 0xbf, 0x61).name(10), "\uFEFFa");
  });

  for (const [what, bytes] of [
    ["a lone continuation byte", [1, 0x80]],
    ["an overlong encoding", [2, 0xc0, 0x80]],
    ["a surrogate", [3, 0xed, 0xa0, 0x80]],
    ["a code point beyond the last", [4, 0xf4, 0x90, 0x80, 0x80]],
    ["a character cut in two", [1, 0xc3]],
  ] as const) {
    test(`refuses ${what}`, () => {
      assert.throws(() => reader(...bytes).name(10), malformedAt(1, /not valid UTF-8/));
    });
  }

  test("refuses a name that is too long before it looks at it", () => {
    assert.throws(() => reader(0xff, 0xff, 0xff, 0xff, 0x0f).name(10), malformedAt(0, /4294967295 bytes where 10/));
    assert.throws(() => reader(3, 0x61).name(10), malformedAt(1, /announced/));
  });
});
