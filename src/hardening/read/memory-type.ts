import type { ByteReader } from "../../shared/byte-reader.ts";
import { CordonError } from "../../shared/errors.ts";
import type { MemoryDeclaration } from "../../shared/plan/hardening-profile.ts";
import { unsignedLeb128 } from "../write/leb128.ts";

const HAS_MAXIMUM = 0x01;
const SHARED = 0x02;
const ADDRESS_64 = 0x04;
const PAGE_SIZE = 0x08;

/**
 * Reads a memory type (core specification 5.3.9, with memory64).
 *
 * @throws CordonError `unsupported` for custom page sizes.
 */
export function readMemoryType(reader: ByteReader): MemoryDeclaration {
  const flags = reader.u8();
  if ((flags & ~(HAS_MAXIMUM | SHARED | ADDRESS_64 | PAGE_SIZE)) !== 0) reader.fail("unknown memory flags");
  if ((flags & PAGE_SIZE) !== 0) throw refused("a custom page size");
  const address64 = (flags & ADDRESS_64) !== 0;
  const shared = (flags & SHARED) !== 0;
  const size = (): number => (address64 ? Number(reader.u64()) : reader.u32());
  const initialPages = size();
  return (flags & HAS_MAXIMUM) === 0
    ? { initialPages, address64, shared }
    : { initialPages, maximumPages: size(), address64, shared };
}

/** Writes a memory type. */
export function writeMemoryType({ initialPages, maximumPages, address64, shared }: MemoryDeclaration): Uint8Array {
  const flags = (address64 ? ADDRESS_64 : 0) | (shared ? SHARED : 0) | (maximumPages === undefined ? 0 : HAS_MAXIMUM);
  const maximum = maximumPages === undefined ? new Uint8Array() : unsignedLeb128(maximumPages);
  return Buffer.concat([Uint8Array.of(flags), unsignedLeb128(initialPages), maximum]);
}

function refused(what: string): CordonError {
  return new CordonError(
    "unsupported",
    `Cannot load the component: it uses ${what}, which Cordon does not run; build it without`,
  );
}
