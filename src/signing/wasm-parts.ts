import { CordonError } from "../shared/errors.ts";
import { ByteReader, MalformedError } from "../shared/byte-reader.ts";

/** The names of the two custom sections that signatures of Wasm files use. */
export const SIGNATURE_SECTION = "signature";
const DELIMITER_SECTION = "signature_delimiter";

/** More parts than wasmsign2 signs. */
const MAX_PARTS = 64;

/** More sections than any component has; what there is to walk through is bounded. */
const MAX_SECTIONS = 1_000_000;

/** Names of custom sections are read up to this length; longer ones are none of ours. */
const MAX_NAME_BYTES = 100_000;

const HEADER_BYTES = 8;

const COMPONENT_HEADER: readonly number[] = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];
const MODULE_HEADER: readonly number[] = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/** The order that a core module's sections have to be in, by their ids: tags before globals, the data count before code. */
const MODULE_ORDER: readonly number[] = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];

/** Ids of a component's sections that hold a core module or a component, with a header of their own. */
const NESTED: ReadonlySet<number> = new Set([1, 4]);

const MAX_COMPONENT_ID = 11;

/** A Wasm file as signatures see it. */
export interface WasmParts {
  /** The content of the section `signature`, which is the first of the file; `undefined` where there is none. */
  readonly signature: Uint8Array | undefined;
  /** Where what is signed begins. */
  readonly start: number;
  /** Where each part ends: behind a delimiter, or at the end of the file. What is signed ends where the last does. */
  readonly ends: readonly number[];
}

/**
 * Takes a Wasm file apart at the delimiters of its signature. No section is looked into further than to its name.
 *
 * @param what How messages call the file.
 * @throws CordonError `signature` when it is not made of sections, has a signature that is not its first section or more than one, or
 * has a header that its sections do not go with.
 */
export function wasmParts(bytes: Uint8Array, what: string): WasmParts {
  try {
    return read(bytes, what);
  } catch (thrown) {
    if (thrown instanceof MalformedError) throw refused(what, `it is not made of sections: ${thrown.message}`);
    throw thrown;
  }
}

function read(bytes: Uint8Array, what: string): WasmParts {
  const isComponent = startsWith(bytes, 0, COMPONENT_HEADER);
  if (!isComponent && !startsWith(bytes, 0, MODULE_HEADER)) throw refused(what, "it is no WebAssembly file");
  const reader = new ByteReader(bytes, HEADER_BYTES);
  const fits = isComponent ? fitsComponent : orderedModule();
  const ends: number[] = [];
  let signature: Uint8Array | undefined;
  let start = HEADER_BYTES;
  let sections = 0;
  while (reader.remaining > 0) {
    sections += 1;
    if (sections > MAX_SECTIONS) throw refused(what, `it has more than ${MAX_SECTIONS} sections`);
    const isFirst = reader.offset === HEADER_BYTES;
    const id = reader.u8();
    const content = reader.sub(reader.u32());
    if (!fits(id, bytes, content.offset))
      throw refused(what, "its header, which is not signed, does not go with its sections");
    const name = id === 0 ? nameOf(content) : undefined;
    if (name === SIGNATURE_SECTION) {
      if (signature !== undefined) throw refused(what, "it has two signature sections");
      if (!isFirst) throw refused(what, "its signature is not its first section");
      signature = content.bytes(content.remaining);
      start = reader.offset;
    } else if (name === DELIMITER_SECTION) {
      ends.push(reader.offset);
      if (ends.length > MAX_PARTS) throw refused(what, `it has more than ${MAX_PARTS} parts`);
    }
  }
  // What is behind the last delimiter is a part, too; so is a file without any.
  if ((ends.at(-1) ?? start) < bytes.length || ends.length === 0) ends.push(bytes.length);
  return { signature, start, ends };
}

/** The name of a custom section; `undefined` for one that has none or a very long one. */
function nameOf(content: ByteReader): string | undefined {
  const length = content.u32();
  if (length > MAX_NAME_BYTES) return undefined;
  return Buffer.from(content.bytes(length)).toString("latin1");
}

type Fits = (id: number, bytes: Uint8Array, at: number) => boolean;

const fitsComponent: Fits = (id, bytes, at) =>
  id <= MAX_COMPONENT_ID && (!NESTED.has(id) || startsWith(bytes, at, id === 1 ? MODULE_HEADER : COMPONENT_HEADER));

/** Each section of a core module once at most and in order, none of them a module itself. */
function orderedModule(): Fits {
  let last = -1;
  return (id, bytes, at) => {
    if (id === 0) return true;
    const place = MODULE_ORDER.indexOf(id);
    const fits = place > last && !startsWith(bytes, at, MODULE_HEADER);
    last = place;
    return fits;
  };
}

function startsWith(bytes: Uint8Array, at: number, wanted: readonly number[]): boolean {
  return wanted.every((byte, index) => bytes[at + index] === byte);
}

function refused(what: string, why: string): CordonError {
  return new CordonError("signature", `Cannot check the signature of ${what}: ${why}`);
}
