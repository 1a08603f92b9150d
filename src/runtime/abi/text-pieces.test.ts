import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { StringEncoding } from "../../shared/plan/plan.ts";
import type { HandleScope, LowerContext } from "./context.ts";
import { assertWellFormed, decodeBeginning, decodeText, type GuestText, type SimpleEncoding } from "./guest-text.ts";
import { lowerText } from "./lower-text.ts";
import { MemoryAccess } from "./memory-access.ts";
import { Trap } from "./trap.ts";

const TAG = 2 ** 31;
const WHOLE = 1_000_000;
const ENCODINGS: readonly StringEncoding[] = ["utf8", "utf16", "latin1+utf16"];
const SIMPLE: readonly SimpleEncoding[] = ["utf8", "utf16", "latin1"];
const free = { copy: () => undefined, make: () => undefined, work: () => undefined };

/** Texts of the characters that lie at the borders of every encoding. */
const texts = fc.string({
  unit: fc.constantFrom("a", "b", "é", "ÿ", "Ā", "中", "\uFEFF", "\u{1F600}", "\u{10FFFF}"),
  maxLength: 60,
});
/** The same, with halves of surrogate pairs. */
const looseTexts = fc
  .array(fc.oneof(texts, fc.constantFrom("\uD800", "\uDC00")), { maxLength: 8 })
  .map((all) => all.join(""));
const latin1Texts = fc.string({ unit: fc.constantFrom("a", "z", "é", "ÿ"), maxLength: 60 });
/** No piece is so small in fact: a character must fit. */
const pieces = fc.integer({ min: 4, max: 17 });
const simple = fc.constantFrom(...SIMPLE);

function bytesOf(text: string, encoding: SimpleEncoding): Uint8Array {
  return Uint8Array.from(Buffer.from(text, encoding === "utf16" ? "utf16le" : encoding));
}

/** What comes of it: a value, or that it is a trap, with its message. */
function outcome<T>(work: () => T): { readonly value: T } | { readonly trap: string } {
  try {
    return { value: work() };
  } catch (thrown) {
    if (thrown instanceof Trap) return { trap: thrown.message };
    throw thrown;
  }
}

/** All that a guest sees of a string that it is given: where it asked for room, what it is told, and its memory. */
function stored(value: string | GuestText, encoding: StringEncoding, piece: number): unknown {
  const memory = new MemoryAccess(new WebAssembly.Memory({ initial: 1 }));
  const asked: (readonly number[])[] = [];
  const context: LowerContext = {
    memory,
    encoding,
    handles: {} as HandleScope,
    charges: free,
    realloc: (...given) => {
      asked.push(given);
      // A new place each time, with what was there before.
      const [old, oldSize] = given;
      const at = 1024 * asked.length;
      memory.bytes.copyWithin(at, old, old + oldSize);
      return at;
    },
  };
  const result = outcome(() => lowerText(context, value, TAG, piece));
  return { result, asked, memory: Buffer.from(memory.bytes.subarray(0, 8192)).toString("base64") };
}

test("a text of the host's is stored in pieces as it is in one", () => {
  fc.assert(
    fc.property(looseTexts, fc.constantFrom(...ENCODINGS), pieces, (text, encoding, piece) => {
      assert.deepEqual(stored(text, encoding, piece), stored(text, encoding, WHOLE));
    }),
  );
});

function guestText(bytes: Uint8Array, encoding: SimpleEncoding, isEither: boolean): GuestText {
  return { bytes, encoding, isEither, codeUnits: encoding === "utf16" ? bytes.length / 2 : bytes.length };
}

test("a text of a guest's is stored in pieces as it is in one", () => {
  const source = fc.oneof(
    texts.map((text) => guestText(bytesOf(text, "utf8"), "utf8", false)),
    fc.tuple(looseTexts, fc.boolean()).map(([text, isEither]) => guestText(bytesOf(text, "utf16"), "utf16", isEither)),
    latin1Texts.map((text) => guestText(bytesOf(text, "latin1"), "latin1", true)),
    latin1Texts.map((text) => guestText(bytesOf(text, "utf16"), "utf16", true)),
  );
  fc.assert(
    fc.property(source, fc.constantFrom(...ENCODINGS), pieces, (text, encoding, piece) => {
      assert.deepEqual(stored(text, encoding, piece), stored(text, encoding, WHOLE));
    }),
  );
});

/** Bytes that are mostly no text, and texts of which some bytes are others. */
const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc
    .array(fc.constantFrom(0x61, 0x80, 0xbf, 0xc3, 0xe4, 0xed, 0xf0, 0xf4, 0xd8, 0xdc, 0), { maxLength: 40 })
    .map((all) => Uint8Array.from(all)),
  fc.tuple(texts, simple, fc.nat(), fc.nat(255)).map(([text, encoding, at, byte]) => {
    const bytes = bytesOf(text, encoding);
    if (bytes.length > 0) bytes[at % bytes.length] = byte;
    return bytes;
  }),
);

test("bytes are taken for a text in pieces exactly when they are in one", () => {
  fc.assert(
    fc.property(anyBytes, simple, pieces, (given, encoding, piece) => {
      const bytes = encoding === "utf16" ? given.subarray(0, given.length - (given.length % 2)) : given;
      const whole = outcome(() => decodeText(free, bytes, encoding, WHOLE));
      const inPieces = outcome(() => decodeText(free, bytes, encoding, piece));
      assert.deepEqual(inPieces, whole);
      const looked = outcome(() => assertWellFormed(free, bytes, encoding, piece));
      assert.deepEqual(looked, "trap" in whole ? whole : { value: undefined });
    }),
    { numRuns: 1_000 },
  );
});

test("the beginning of a text is cut between characters", () => {
  fc.assert(
    fc.property(texts, fc.constantFrom("utf8", "utf16"), fc.integer({ min: 2, max: 40 }), (text, encoding, most) => {
      const begin = decodeBeginning(bytesOf(text, encoding), encoding, most);
      assert.ok(text.startsWith(begin));
      assert.ok(begin.isWellFormed());
      assert.ok(begin.length <= most && begin.length >= Math.min(text.length, most - 1));
    }),
  );
});

test("each piece is charged before it is made, and no piece follows one that is refused", () => {
  const bytes = new Uint8Array(100).fill(0x61);
  let charged = 0;
  const charges = {
    ...free,
    work: (amount: number) => {
      charged += amount;
      if (charged > 100) throw new Error("over");
    },
  };
  assert.throws(() => decodeText(charges, bytes, "utf8", 10), /over/);
  assert.ok(charged <= 140);
});
