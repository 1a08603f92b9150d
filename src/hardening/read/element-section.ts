import type { ByteReader } from "../../shared/byte-reader.ts";
import { skipValueType } from "./type-section.ts";

/** What is called for the parts of an element segment; each has to read its expression. */
export interface ElementVisitor {
  /** The expression of where the segment goes, if it is active. */
  readonly offset: (reader: ByteReader) => void;
  /** The expression of an element. */
  readonly element: (reader: ByteReader) => void;
  /** The index of a function that is an element. */
  readonly index: (index: number) => void;
}

/** Reads an element segment (core specification 5.5.12). The low bits of its flags tell which parts it has. */
export function readElements(reader: ByteReader, { offset, element, index }: ElementVisitor): void {
  const flags = reader.u32();
  if (flags > 7) reader.fail("an unknown kind of element segment");
  const active = (flags & 0x01) === 0;
  const hasExpressions = (flags & 0x04) !== 0;
  if (active && (flags & 0x02) !== 0) reader.u32();
  if (active) offset(reader);
  if ((flags & 0x03) !== 0) {
    if (hasExpressions) skipValueType(reader);
    else reader.u8();
  }
  for (let left = reader.count(); left > 0; left -= 1) {
    if (hasExpressions) element(reader);
    else index(reader.u32());
  }
}
