import { memoryOf } from "./codec.ts";
import type { LowerContext } from "./context.ts";
import { assertWellFormed, decodeText, type GuestText } from "./guest-text.ts";
import type { MemoryAccess } from "./memory-access.ts";

/** Where a string was stored: what the guest is given for it. */
export interface StoredText {
  readonly at: number;
  /** With the tag of `latin1+utf16`, where it is told so. */
  readonly codeUnits: number;
}

const encoder = new TextEncoder();

/**
 * Stores a string in the encoding that the guest wants. A string of the host's is measured first, so that the guest is
 * asked for room once. That of another guest is stored as `store_string_into_range` of the Canonical ABI does, asking for
 * the same room in the same order.
 *
 * @param tag The highest bit of an address, which says that a string of `latin1+utf16` is UTF-16.
 */
export function lowerText(context: LowerContext, value: string | GuestText, tag: number): StoredText {
  return typeof value === "string" ? lowerHostText(context, value, tag) : lowerGuestText(context, value, tag);
}

function lowerHostText(context: LowerContext, text: string, tag: number): StoredText {
  switch (context.encoding) {
    case "utf8": {
      const length = Buffer.byteLength(text);
      const at = context.realloc(0, 0, 1, length);
      writeUtf8(memoryOf(context), text, at, length);
      return { at, codeUnits: length };
    }
    case "utf16": {
      const at = context.realloc(0, 0, 2, 2 * text.length);
      writeUtf16(memoryOf(context), text, at);
      return { at, codeUnits: text.length };
    }
    case "latin1+utf16": {
      if (!isLatin1(text)) {
        const at = context.realloc(0, 0, 2, 2 * text.length);
        writeUtf16(memoryOf(context), text, at);
        return { at, codeUnits: text.length + tag };
      }
      const at = context.realloc(0, 0, 2, text.length);
      writeLatin1(memoryOf(context), text, at);
      return { at, codeUnits: text.length };
    }
  }
}

function lowerGuestText(context: LowerContext, source: GuestText, tag: number): StoredText {
  const { bytes, encoding, codeUnits } = source;
  context.charges.work(bytes.length);
  switch (context.encoding) {
    case "utf8":
      if (encoding === "utf8") return copyText(context, source, 1);
      return inflateToUtf8(context, decodeText(bytes, encoding), codeUnits, encoding === "utf16" ? 3 : 2);
    case "utf16":
      if (encoding === "utf16") return copyText(context, source, 2);
      return deflateToUtf16(context, decodeText(bytes, encoding), codeUnits);
    case "latin1+utf16":
      if (!source.isEither) return inflateToEither(context, decodeText(bytes, encoding), codeUnits, tag);
      if (encoding === "latin1") return copyText(context, source, 2);
      return deflateToEither(context, source, tag);
  }
}

/** `store_string_copy`: source and destination are of one encoding. */
function copyText(context: LowerContext, { bytes, encoding, codeUnits }: GuestText, align: number): StoredText {
  assertWellFormed(bytes, encoding);
  const at = context.realloc(0, 0, align, bytes.length);
  memoryOf(context).bytes.set(bytes, at);
  return { at, codeUnits };
}

/** `store_string_to_utf8`: hopes for ASCII, and asks for the worst case when it is not. */
function inflateToUtf8(context: LowerContext, text: string, codeUnits: number, worst: number): StoredText {
  let at = context.realloc(0, 0, 1, codeUnits);
  const length = Buffer.byteLength(text);
  if (length > codeUnits) {
    at = context.realloc(at, codeUnits, 1, worst * codeUnits);
    writeUtf8(memoryOf(context), text, at, length);
    if (length < worst * codeUnits) at = context.realloc(at, worst * codeUnits, 1, length);
  } else {
    writeUtf8(memoryOf(context), text, at, length);
  }
  return { at, codeUnits: length };
}

/** `store_utf8_to_utf16`, and Latin-1 likewise: asks for the worst case and gives back what was not needed. */
function deflateToUtf16(context: LowerContext, text: string, codeUnits: number): StoredText {
  const worst = 2 * codeUnits;
  let at = context.realloc(0, 0, 2, worst);
  writeUtf16(memoryOf(context), text, at);
  if (2 * text.length < worst) at = context.realloc(at, worst, 2, 2 * text.length);
  return { at, codeUnits: text.length };
}

/** `store_string_to_latin1_or_utf16`: hopes for Latin-1. */
function inflateToEither(context: LowerContext, text: string, codeUnits: number, tag: number): StoredText {
  let at = context.realloc(0, 0, 2, codeUnits);
  if (isLatin1(text)) {
    writeLatin1(memoryOf(context), text, at);
    if (text.length < codeUnits) at = context.realloc(at, codeUnits, 2, text.length);
    return { at, codeUnits: text.length };
  }
  const worst = 2 * codeUnits;
  at = context.realloc(at, codeUnits, 2, worst);
  writeUtf16(memoryOf(context), text, at);
  if (2 * text.length < worst) at = context.realloc(at, worst, 2, 2 * text.length);
  return { at, codeUnits: text.length + tag };
}

/** `store_probably_utf16_to_latin1_or_utf16`. */
function deflateToEither(context: LowerContext, { bytes, codeUnits }: GuestText, tag: number): StoredText {
  const text = decodeText(bytes, "utf16");
  const at = context.realloc(0, 0, 2, 2 * codeUnits);
  if (!isLatin1(text)) {
    writeUtf16(memoryOf(context), text, at);
    return { at, codeUnits: codeUnits + tag };
  }
  writeLatin1(memoryOf(context), text, at);
  return { at: context.realloc(at, 2 * codeUnits, 1, codeUnits), codeUnits };
}

/** Texts of so few code units are written one by one: calling the encoder takes longer. */
const SHORT_UNITS = 24;

function writeUtf8(memory: MemoryAccess, text: string, at: number, length: number): void {
  const { bytes } = memory;
  if (length === text.length && length <= SHORT_UNITS) {
    for (let index = 0; index < length; index += 1) bytes[at + index] = text.charCodeAt(index);
    return;
  }
  const target = bytes.subarray(at, at + length);
  if (target.buffer instanceof ArrayBuffer) encoder.encodeInto(text, target);
  else target.set(encoder.encode(text));
}

function writeUtf16({ view }: MemoryAccess, text: string, at: number): void {
  for (let index = 0; index < text.length; index += 1) view.setUint16(at + 2 * index, text.charCodeAt(index), true);
}

function writeLatin1({ bytes }: MemoryAccess, text: string, at: number): void {
  for (let index = 0; index < text.length; index += 1) bytes[at + index] = text.charCodeAt(index);
}

function isLatin1(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) > 0xff) return false;
  return true;
}
