import { ByteReader } from "../../shared/byte-reader.ts";
import { readMemoryType } from "./memory-type.ts";
import { skipValueType } from "./type-section.ts";

/** Longest import name that is read, in bytes; V8's own bound is 100,000. */
export const MAX_NAME_BYTES = 100_000;

/** One import of a core module, as far as hardening cares. */
export interface CoreImport {
  readonly module: string;
  readonly name: string;
  readonly kind: "function" | "table" | "memory" | "global" | "tag";
  /** The index of the function's or tag's type. */
  readonly type?: number;
  /** Whether addresses of the memory or table are 64 bits wide. */
  readonly address64?: boolean;
  /** Of memories: whether threads could share it. */
  readonly shared?: boolean;
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
    imports.push({ module, name, names, ...readDescription(reader) });
  }
  if (reader.remaining > 0) reader.fail("bytes after the last import");
  return { imports, entriesOffset };
}

function readDescription(reader: ByteReader): Pick<CoreImport, "kind" | "type" | "address64" | "shared"> {
  switch (reader.u8()) {
    case 0x00:
      return { kind: "function", type: reader.u32() };
    case 0x01:
      skipValueType(reader);
      return { kind: "table", address64: readTableLimits(reader) };
    case 0x02: {
      const { address64, shared } = readMemoryType(reader);
      return { kind: "memory", address64, shared };
    }
    case 0x03:
      skipValueType(reader);
      reader.u8();
      return { kind: "global" };
    case 0x04:
      reader.u8();
      return { kind: "tag", type: reader.u32() };
    default:
      return reader.fail("unknown kind of import");
  }
}

/** Moves past a table's limits; whether its addresses are 64 bits wide. */
function readTableLimits(reader: ByteReader): boolean {
  const flags = reader.u8();
  if (flags > 0x07) reader.fail("unknown table flags");
  const address64 = (flags & 0x04) !== 0;
  const size = address64 ? () => void reader.u64() : () => void reader.u32();
  size();
  if ((flags & 0x01) !== 0) size();
  return address64;
}
