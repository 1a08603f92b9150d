import { memoryOf } from "./codec.ts";
import type { LowerContext } from "./context.ts";
import { assertWellFormed, guestPieces, type GuestText, hostPieces, PIECE, type Pieces } from "./guest-text.ts";
import type { MemoryAccess } from "./memory-access.ts";
import { copyInRuns } from "./work.ts";

/** Where a string was stored: what the guest is given for it. */
export interface StoredText {
  readonly at: number;
  /** With the tag of `latin1+utf16`, where it is told so. */
  readonly codeUnits: number;
}

/** A text that is known to be well-formed, and how long it is. */
interface Measured {
  readonly pieces: Pieces;
  /** Of UTF-16. */
  readonly units: number;
  /** In bytes of UTF-8, or 0 where it is not to be stored as such. */
  readonly utf8Length: number;
  /** Asked only where it may be stored as such. */
  readonly isLatin1: boolean;
}

const encoder = new TextEncoder();

/**
 * Stores a string in the encoding that the guest wants. All of it is looked at first, in pieces, so that what is not well-formed traps
 * before the guest is asked for room. For a string of the host's it is asked for that once. That of another guest is stored as
 * `store_string_into_range` of the Canonical ABI does, asking for the same room in the same order.
 *
 * @param tag The highest bit of an address, which says that a string of `latin1+utf16` is UTF-16.
 * @param piece How much of it is worked on at once.
 */
export function lowerText(
  context: LowerContext,
  value: string | GuestText,
  tag: number,
  piece: number = PIECE,
): StoredText {
  return typeof value === "string"
    ? lowerHostText(context, measured(context, hostPieces(context.charges, value, piece)), tag)
    : lowerGuestText(context, { source: value, piece }, tag);
}

function measured({ encoding }: LowerContext, pieces: Pieces): Measured {
  let [units, utf8Length, isLatin1] = [0, 0, true];
  for (const piece of pieces) {
    units += piece.length;
    if (encoding === "utf8") utf8Length += Buffer.byteLength(piece);
    else if (encoding === "latin1+utf16" && isLatin1) isLatin1 = isLatin1Text(piece);
  }
  return { pieces, units, utf8Length, isLatin1 };
}

function lowerHostText(context: LowerContext, text: Measured, tag: number): StoredText {
  const { units } = text;
  switch (context.encoding) {
    case "utf8": {
      const length = text.utf8Length;
      const at = context.realloc(0, 0, 1, length);
      writeUtf8(memoryOf(context), text, at);
      return { at, codeUnits: length };
    }
    case "utf16": {
      const at = context.realloc(0, 0, 2, 2 * units);
      writeUtf16(memoryOf(context), text, at);
      return { at, codeUnits: units };
    }
    case "latin1+utf16": {
      if (!text.isLatin1) {
        const at = context.realloc(0, 0, 2, 2 * units);
        writeUtf16(memoryOf(context), text, at);
        return { at, codeUnits: units + tag };
      }
      const at = context.realloc(0, 0, 2, units);
      writeLatin1(memoryOf(context), text, at);
      return { at, codeUnits: units };
    }
  }
}

function lowerGuestText(
  context: LowerContext,
  { source, piece }: { readonly source: GuestText; readonly piece: number },
  tag: number,
): StoredText {
  const { encoding, codeUnits } = source;
  const text = (): Measured => measured(context, guestPieces(context.charges, source, piece));
  switch (context.encoding) {
    case "utf8":
      if (encoding === "utf8") return copyText(context, { source, piece }, 1);
      return inflateToUtf8(context, text(), codeUnits, encoding === "utf16" ? 3 : 2);
    case "utf16":
      if (encoding === "utf16") return copyText(context, { source, piece }, 2);
      return deflateToUtf16(context, text(), codeUnits);
    case "latin1+utf16":
      if (!source.isEither) return inflateToEither(context, text(), codeUnits, tag);
      if (encoding === "latin1") return copyText(context, { source, piece }, 2);
      return deflateToEither(context, text(), codeUnits, tag);
  }
}

/** `store_string_copy`: source and destination are of one encoding. */
function copyText(
  context: LowerContext,
  { source, piece }: { readonly source: GuestText; readonly piece: number },
  align: number,
): StoredText {
  const { bytes, encoding, codeUnits } = source;
  assertWellFormed(context.charges, bytes, encoding, piece);
  const at = context.realloc(0, 0, align, bytes.length);
  copyInRuns(context.charges, bytes, memoryOf(context).bytes, at);
  return { at, codeUnits };
}

/** `store_string_to_utf8`: hopes for ASCII, and asks for the worst case when it is not. */
function inflateToUtf8(context: LowerContext, text: Measured, codeUnits: number, worst: number): StoredText {
  let at = context.realloc(0, 0, 1, codeUnits);
  const length = text.utf8Length;
  if (length > codeUnits) {
    at = context.realloc(at, codeUnits, 1, worst * codeUnits);
    writeUtf8(memoryOf(context), text, at);
    if (length < worst * codeUnits) at = context.realloc(at, worst * codeUnits, 1, length);
  } else {
    writeUtf8(memoryOf(context), text, at);
  }
  return { at, codeUnits: length };
}

/** `store_utf8_to_utf16`, and Latin-1 likewise: asks for the worst case and gives back what was not needed. */
function deflateToUtf16(context: LowerContext, text: Measured, codeUnits: number): StoredText {
  const worst = 2 * codeUnits;
  let at = context.realloc(0, 0, 2, worst);
  writeUtf16(memoryOf(context), text, at);
  if (2 * text.units < worst) at = context.realloc(at, worst, 2, 2 * text.units);
  return { at, codeUnits: text.units };
}

/** `store_string_to_latin1_or_utf16`: hopes for Latin-1. */
function inflateToEither(context: LowerContext, text: Measured, codeUnits: number, tag: number): StoredText {
  const { units } = text;
  let at = context.realloc(0, 0, 2, codeUnits);
  if (text.isLatin1) {
    writeLatin1(memoryOf(context), text, at);
    if (units < codeUnits) at = context.realloc(at, codeUnits, 2, units);
    return { at, codeUnits: units };
  }
  const worst = 2 * codeUnits;
  at = context.realloc(at, codeUnits, 2, worst);
  writeUtf16(memoryOf(context), text, at);
  if (2 * units < worst) at = context.realloc(at, worst, 2, 2 * units);
  return { at, codeUnits: units + tag };
}

/** `store_probably_utf16_to_latin1_or_utf16`. */
function deflateToEither(context: LowerContext, text: Measured, codeUnits: number, tag: number): StoredText {
  const at = context.realloc(0, 0, 2, 2 * codeUnits);
  if (!text.isLatin1) {
    writeUtf16(memoryOf(context), text, at);
    return { at, codeUnits: codeUnits + tag };
  }
  writeLatin1(memoryOf(context), text, at);
  return { at: context.realloc(at, 2 * codeUnits, 1, codeUnits), codeUnits };
}

/** Texts of so few code units are written one by one: calling the encoder takes longer. */
const SHORT_UNITS = 24;

function writeUtf8({ bytes }: MemoryAccess, { pieces, units, utf8Length }: Measured, begin: number): void {
  const end = begin + utf8Length;
  let at = begin;
  for (const piece of pieces) {
    if (units === utf8Length && piece.length <= SHORT_UNITS) {
      for (let index = 0; index < piece.length; index += 1) bytes[at + index] = piece.charCodeAt(index);
      at += piece.length;
      continue;
    }
    const target = bytes.subarray(at, end);
    if (target.buffer instanceof ArrayBuffer) {
      at += encoder.encodeInto(piece, target).written;
    } else {
      const encoded = encoder.encode(piece);
      target.set(encoded);
      at += encoded.length;
    }
  }
}

function writeUtf16({ view }: MemoryAccess, { pieces }: Measured, begin: number): void {
  let at = begin;
  for (const piece of pieces) {
    for (let index = 0; index < piece.length; index += 1) view.setUint16(at + 2 * index, piece.charCodeAt(index), true);
    at += 2 * piece.length;
  }
}

function writeLatin1({ bytes }: MemoryAccess, { pieces }: Measured, begin: number): void {
  let at = begin;
  for (const piece of pieces) {
    for (let index = 0; index < piece.length; index += 1) bytes[at + index] = piece.charCodeAt(index);
    at += piece.length;
  }
}

function isLatin1Text(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) > 0xff) return false;
  return true;
}
