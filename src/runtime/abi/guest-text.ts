import { isUtf8 } from "node:buffer";
import type { StringEncoding } from "../../shared/plan/plan.ts";
import type { Charges } from "./context.ts";
import { trap } from "./trap.ts";
import { TEXT_PASS } from "./work.ts";

/** How the code units of a string in memory are to be read. */
export type SimpleEncoding = "utf8" | "utf16" | "latin1";

/** The most bytes that a string may have: `MAX_STRING_BYTE_LENGTH` of the Canonical ABI. */
export const MAX_STRING_BYTES: number = 2 ** 28 - 1;

/**
 * A string where it lies in a guest's memory, for another component to take. It is valid until the guest's code runs
 * again.
 */
export interface GuestText {
  readonly bytes: Uint8Array;
  readonly encoding: SimpleEncoding;
  /** Whether it was told to be of either of two encodings, `latin1+utf16`. */
  readonly isEither: boolean;
  /** Of its encoding: bytes, or pairs of them. */
  readonly codeUnits: number;
}

/** Finds out where the string lies that `codeUnits` says of, which has a tag in its highest bit for `latin1+utf16`. */
export function textExtent(
  encoding: StringEncoding,
  codeUnits: number,
  tag: number,
): {
  readonly encoding: SimpleEncoding;
  readonly codeUnits: number;
  readonly byteLength: number;
  readonly align: number;
} {
  const isTagged = encoding === "latin1+utf16" && codeUnits >= tag;
  const simple: SimpleEncoding = encoding === "latin1+utf16" ? (isTagged ? "utf16" : "latin1") : encoding;
  const units = isTagged ? codeUnits - tag : codeUnits;
  return {
    encoding: simple,
    codeUnits: units,
    byteLength: simple === "utf16" ? 2 * units : units,
    align: encoding === "utf8" ? 1 : 2,
  };
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const utf16 = new TextDecoder("utf-16le", { fatal: true, ignoreBOM: true });

/** Texts of so few bytes are put together one by one if they are ASCII: calling the decoder takes longer. */
const SHORT_BYTES = 24;

/** How much text is worked on at once, in bytes of it, or in code units where it is the host's. */
export const PIECE: number = 256 * 1024;

/**
 * A text in pieces, each of which is charged, and then made, when it is its turn. They can be gone through more than once. No character
 * is in two pieces, so what is found of all of them is found of the text: how long it is in any encoding, and whether it is well-formed.
 */
export type Pieces = Iterable<string>;

/** The text of a guest in pieces. Going through them traps where they are not well-formed. */
export function guestPieces(charges: Charges, { bytes, encoding }: GuestText, piece: number): Pieces {
  return bytes.length > piece
    ? new LongGuestText(charges, { bytes, encoding }, piece)
    : [decodeText(charges, bytes, encoding)];
}

class LongGuestText implements Iterable<string> {
  readonly #charges: Charges;
  readonly #bytes: Uint8Array;
  readonly #encoding: SimpleEncoding;
  readonly #piece: number;

  constructor(charges: Charges, { bytes, encoding }: Pick<GuestText, "bytes" | "encoding">, piece: number) {
    this.#charges = charges;
    this.#bytes = bytes;
    this.#encoding = encoding;
    this.#piece = piece;
  }

  *[Symbol.iterator](): Iterator<string> {
    for (const part of parts(this.#bytes, this.#encoding, this.#piece)) {
      this.#charges.work(TEXT_PASS * part.length);
      yield decodePart(part, this.#encoding);
    }
  }
}

/** A text of the host's in pieces. */
export function hostPieces(charges: Charges, text: string, piece: number): Pieces {
  if (text.length > piece) return new LongHostText(charges, text, piece);
  charges.work(TEXT_PASS * text.length);
  return [text];
}

class LongHostText implements Iterable<string> {
  readonly #charges: Charges;
  readonly #text: string;
  readonly #piece: number;

  constructor(charges: Charges, text: string, piece: number) {
    this.#charges = charges;
    this.#text = text;
    this.#piece = piece;
  }

  *[Symbol.iterator](): Iterator<string> {
    const text = this.#text;
    for (let from = 0; from < text.length;) {
      let to = Math.min(text.length, from + this.#piece);
      if (to - from > 1 && isHigh(text.charCodeAt(to - 1)) && isLow(text.charCodeAt(to))) to -= 1;
      this.#charges.work(TEXT_PASS * (to - from));
      yield text.slice(from, to);
      from = to;
    }
  }
}

function isHigh(unit: number): boolean {
  return (unit & 0xfc00) === 0xd800;
}

function isLow(unit: number): boolean {
  return (unit & 0xfc00) === 0xdc00;
}

/** The bytes of a text in parts, cut between characters wherever it is well-formed; where it is not, one part is not. */
function* parts(bytes: Uint8Array, encoding: SimpleEncoding, piece: number): Iterable<Uint8Array> {
  for (let from = 0; from < bytes.length;) {
    const to = from + piece < bytes.length ? borderBefore(bytes, encoding, from + piece) : bytes.length;
    yield bytes.subarray(from, to);
    from = to;
  }
}

/** The border between characters at or before an index that is well within the text. */
function borderBefore(bytes: Uint8Array, encoding: SimpleEncoding, at: number): number {
  if (encoding === "latin1") return at;
  if (encoding === "utf16") {
    const even = at - (at % 2);
    return isHigh((bytes[even - 2] ?? 0) | ((bytes[even - 1] ?? 0) << 8)) ? even - 2 : even;
  }
  // No character has more bytes after its first than three. Where there are more in a row, it traps wherever it is cut.
  for (let back = 0; back <= 3; back += 1) if (((bytes[at - back] ?? 0) & 0xc0) !== 0x80) return at - back;
  return at;
}

/** The text that bytes are; traps when they are not well-formed. */
export function decodeText(
  charges: Charges,
  bytes: Uint8Array,
  encoding: SimpleEncoding,
  piece: number = PIECE,
): string {
  if (bytes.length > piece) {
    let text = "";
    for (const one of new LongGuestText(charges, { bytes, encoding }, piece)) text += one;
    return text;
  }
  charges.work(TEXT_PASS * bytes.length);
  return decodePart(bytes, encoding);
}

/** The beginning of a text, of so many code units of UTF-16 at most, cut between characters. The text is well-formed. */
export function decodeBeginning(bytes: Uint8Array, encoding: SimpleEncoding, most: number): string {
  if (encoding !== "utf8") {
    const size = encoding === "utf16" ? 2 * most : most;
    return decodePart(bytes.subarray(0, size < bytes.length ? borderBefore(bytes, encoding, size) : size), encoding);
  }
  let [at, units] = [0, 0];
  for (; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    units += byte >= 0xf0 ? 2 : 1;
    if (units > most) break;
  }
  return decodePart(bytes.subarray(0, at), encoding);
}

function decodePart(bytes: Uint8Array, encoding: SimpleEncoding): string {
  if (encoding === "latin1") return latin1Text(bytes);
  if (encoding === "utf8" && bytes.length <= SHORT_BYTES) {
    const short = asciiText(bytes);
    if (short !== undefined) return short;
  }
  // The decoder takes no memory that threads share.
  const own = bytes.buffer instanceof ArrayBuffer ? bytes : bytes.slice();
  try {
    return (encoding === "utf8" ? utf8 : utf16).decode(own);
  } catch {
    return trap(`passed a string that is no well-formed ${encoding === "utf8" ? "UTF-8" : "UTF-16"}`);
  }
}

function asciiText(bytes: Uint8Array): string | undefined {
  let text = "";
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte >= 0x80) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}

function latin1Text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** Traps unless the bytes are a text of that encoding. */
export function assertWellFormed(
  charges: Charges,
  bytes: Uint8Array,
  encoding: SimpleEncoding,
  piece: number = PIECE,
): void {
  if (encoding === "latin1") return;
  for (const part of parts(bytes, encoding, piece)) {
    charges.work(TEXT_PASS * part.length);
    if (encoding === "utf16") assertUtf16(part);
    else if (!isUtf8(part)) trap("passed a string that is no well-formed UTF-8");
  }
}

function assertUtf16(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length; at += 2) {
    const unit = view.getUint16(at, true);
    if ((unit & 0xf800) !== 0xd800) continue;
    const isPair = isHigh(unit) && at + 2 < bytes.length && isLow(view.getUint16(at + 2, true));
    if (!isPair) trap("passed a string that is no well-formed UTF-16");
    at += 2;
  }
}
