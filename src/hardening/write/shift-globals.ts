import { ByteReader } from "../../shared/byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { copyExpression } from "../read/constant-expression.ts";
import { readData } from "../read/data-section.ts";
import { readElements } from "../read/element-section.ts";
import { MAX_NAME_BYTES } from "../read/import-section.ts";
import { SECTION } from "../read/module-sections.ts";
import { readTable } from "../read/table-section.ts";
import { skipValueType } from "../read/type-section.ts";

const FUNCTION_KIND = 0x00;
const GLOBAL_KIND = 0x03;
const NONE: ReadonlyMap<number, number> = new Map();

/** Applied to every index of a global outside of the code. */
export type Shift = (global: number) => number;

/**
 * A section of this id with the indices of globals in it shifted, and stubs exported instead of some functions. Sections that
 * name none stay as they are.
 */
export function shiftGlobals(
  id: number,
  content: Uint8Array,
  shift: Shift,
  functions: ReadonlyMap<number, number> = NONE,
): Uint8Array {
  switch (id) {
    case SECTION.global:
      return rewritten(content, (reader, out) => {
        const start = reader.offset;
        skipValueType(reader);
        reader.u8();
        out.copy(content, start, reader.offset);
        copyExpression(reader, out, shift);
      });
    case SECTION.table:
      return rewritten(content, (reader, out) => {
        const start = reader.offset;
        const { initializer } = readTable(reader);
        out.copy(content, start, initializer[0]);
        if (initializer[0] === initializer[1]) return;
        copyExpression(new ByteReader(content, initializer[0], initializer[1]), out, shift);
      });
    case SECTION.export:
      return rewritten(content, (reader, out) => {
        const start = reader.offset;
        reader.name(MAX_NAME_BYTES);
        const kind = reader.u8();
        out.copy(content, start, reader.offset);
        const index = reader.u32();
        out.u32(
          kind === GLOBAL_KIND ? shift(index) : ((kind === FUNCTION_KIND ? functions.get(index) : undefined) ?? index),
        );
      });
    case SECTION.element:
      return rewritten(content, (reader, out) => copyElements(content, reader, out, shift));
    case SECTION.data:
      return rewritten(content, (reader, out) => copyData(content, reader, out, shift));
    default:
      return content;
  }
}

function rewritten(content: Uint8Array, copy: (reader: ByteReader, out: ByteWriter) => void): Uint8Array {
  const reader = new ByteReader(content);
  const out = new ByteWriter(content.length + 1024);
  const count = reader.count();
  out.u32(count);
  for (let left = count; left > 0; left -= 1) copy(reader, out);
  if (reader.remaining > 0) reader.fail("bytes after a section's last entry");
  return out.view();
}

/** An element segment, copied in stretches between its expressions. */
function copyElements(content: Uint8Array, reader: ByteReader, out: ByteWriter, shift: Shift): void {
  let copied = reader.offset;
  const expression = (inner: ByteReader): void => {
    out.copy(content, copied, inner.offset);
    copyExpression(inner, out, shift);
    copied = inner.offset;
  };
  readElements(reader, { offset: expression, element: expression, index: () => undefined });
  out.copy(content, copied, reader.offset);
}

/** A data segment, copied in stretches around its expression. */
function copyData(content: Uint8Array, reader: ByteReader, out: ByteWriter, shift: Shift): void {
  let copied = reader.offset;
  readData(reader, (inner) => {
    out.copy(content, copied, inner.offset);
    copyExpression(inner, out, shift);
    copied = inner.offset;
  });
  out.copy(content, copied, reader.offset);
}
