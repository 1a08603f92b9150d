import { ByteReader } from "../shared/byte-reader.ts";
import { readMemoryType } from "./memory-type.ts";

/** Longest import name that is read, in bytes; V8's own bound is 100,000. */
export const MAX_NAME_BYTES = 100_000;

const NULLABLE_REFERENCE = 0x63;
const REFERENCE = 0x64;

/** One import of a core module, as far as hardening cares. */
export interface CoreImport {
  readonly module: string;
  readonly name: string;
  readonly kind: "function" | "table" | "memory" | "global" | "tag";
  /** Where in the section's content its two names are: the first byte, and the one after the last. */
  readonly names: readonly [start: number, end: number];
}

/** The imports of a core module, and where in the section's content their encodings begin. */
export interface ImportSection {
  readonly imports: readonly CoreImport[];
  readonly entriesOffset: number;
}

/** Reads an import section (core specification 5.5.5). Kinds it does not know are malformed. */
export function readImports(content: Uint8Array): ImportSection {
  const reader = new ByteReader(content);
  const count = reader.count();
  const entriesOffset = reader.offset;
  const imports: CoreImport[] = [];
  for (let index = 0; index < count; index += 1) {
    const start = reader.offset;
    const module = reader.name(MAX_NAME_BYTES);
    const name = reader.name(MAX_NAME_BYTES);
    const names = [start, reader.offset] as const;
    imports.push({ module, name, kind: readKind(reader), names });
  }
  if (reader.remaining > 0) reader.fail("bytes after the last import");
  return { imports, entriesOffset };
}

function readKind(reader: ByteReader): CoreImport["kind"] {
  switch (reader.u8()) {
    case 0x00:
      reader.u32();
      return "function";
    case 0x01:
      skipValueType(reader);
      skipTableLimits(reader);
      return "table";
    case 0x02:
      readMemoryType(reader);
      return "memory";
    case 0x03:
      skipValueType(reader);
      reader.u8();
      return "global";
    case 0x04:
      reader.u8();
      reader.u32();
      return "tag";
    default:
      return reader.fail("unknown kind of import");
  }
}

function skipValueType(reader: ByteReader): void {
  const code = reader.u8();
  if (code === NULLABLE_REFERENCE || code === REFERENCE) reader.s33();
}

function skipTableLimits(reader: ByteReader): void {
  const flags = reader.u8();
  if (flags > 0x07) reader.fail("unknown table flags");
  const size = (flags & 0x04) === 0 ? () => void reader.u32() : () => void reader.u64();
  size();
  if ((flags & 0x01) !== 0) size();
}
