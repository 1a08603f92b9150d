import { isUtf8 } from "node:buffer";
import type { StringEncoding } from "../../shared/plan.ts";
import { trap } from "./trap.ts";

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

/** The text that bytes are; traps when they are not well-formed. */
export function decodeText(bytes: Uint8Array, encoding: SimpleEncoding): string {
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
export function assertWellFormed(bytes: Uint8Array, encoding: SimpleEncoding): void {
  if (encoding === "latin1") return;
  if (encoding === "utf8") {
    if (!isUtf8(bytes)) trap("passed a string that is no well-formed UTF-8");
    return;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length; at += 2) {
    const unit = view.getUint16(at, true);
    if ((unit & 0xf800) !== 0xd800) continue;
    const isPair = unit < 0xdc00 && at + 2 < bytes.length && (view.getUint16(at + 2, true) & 0xfc00) === 0xdc00;
    if (!isPair) trap("passed a string that is no well-formed UTF-16");
    at += 2;
  }
}
