import type { ByteReader } from "../../shared/byte-reader.ts";

/** A data segment, as far as its offset is not visited. */
export interface DataSegment {
  /** Whether it is written into a memory when the module is instantiated. */
  readonly isActive: boolean;
  readonly bytes: number;
}

/**
 * Reads a data segment (core specification 5.5.14).
 *
 * @param offset Called where the expression of an active segment's address begins, which it has to read.
 */
export function readData(reader: ByteReader, offset: (reader: ByteReader) => void): DataSegment {
  const flags = reader.u32();
  if (flags > 2) reader.fail("an unknown kind of data segment");
  if (flags === 2) reader.u32();
  const isActive = flags !== 1;
  if (isActive) offset(reader);
  const bytes = reader.u32();
  reader.skip(bytes);
  return { isActive, bytes };
}
