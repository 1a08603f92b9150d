import type { ByteReader } from "../../shared/byte-reader.ts";
import { skipExpression } from "./constant-expression.ts";
import { skipValueType } from "./type-section.ts";

const HAS_MAXIMUM = 0x01;
const ADDRESS_64 = 0x04;
const WITH_INITIALIZER = 0x40;

/** A table of a table section, and where its parts are. */
export interface TableEntry {
  readonly flags: number;
  readonly address64: boolean;
  readonly initial: number;
  readonly maximum: number | undefined;
  /** Where its limits begin and end. */
  readonly limits: readonly [start: number, end: number];
  /** Where its initializer begins and ends; the same place when it has none. */
  readonly initializer: readonly [start: number, end: number];
}

/** Reads an entry of a table section (core specification 5.5.7). */
export function readTable(reader: ByteReader): TableEntry {
  const initialized = reader.peek() === WITH_INITIALIZER;
  if (initialized) reader.skip(2);
  skipValueType(reader);
  const start = reader.offset;
  const flags = reader.u8();
  if ((flags & ~(HAS_MAXIMUM | ADDRESS_64)) !== 0) reader.fail("unknown table flags");
  const address64 = (flags & ADDRESS_64) !== 0;
  const size = (): number => (address64 ? Number(reader.u64()) : reader.u32());
  const initial = size();
  const maximum = (flags & HAS_MAXIMUM) === 0 ? undefined : size();
  const limits = [start, reader.offset] as const;
  if (initialized) skipExpression(reader);
  return { flags, address64, initial, maximum, limits, initializer: [limits[1], reader.offset] };
}
