import type { ByteReader } from "../../shared/byte-reader.ts";
import type { ByteWriter } from "../write/byte-writer.ts";
import { InstructionCursor } from "./instruction-cursor.ts";
import { OPCODE } from "./opcodes.ts";

/** Reads a constant expression (core specification 3.4.14) to after its `end`. Nothing in one opens a block. */
export function readExpression(reader: ByteReader, visit: (instruction: InstructionCursor) => void): void {
  const cursor = new InstructionCursor(reader.source, reader.offset, reader.end);
  do {
    cursor.next();
    visit(cursor);
  } while (cursor.opcode !== OPCODE.end);
  reader.skip(cursor.position - reader.offset);
}

/** Moves past a constant expression. */
export function skipExpression(reader: ByteReader): void {
  readExpression(reader, () => undefined);
}

/** Copies a constant expression, with `shifted` applied to the globals that it names. */
export function copyExpression(reader: ByteReader, out: ByteWriter, shifted: (global: number) => number): void {
  readExpression(reader, ({ opcode, first, start, position }) => {
    if (opcode === OPCODE.globalGet) {
      out.u8(opcode);
      out.u32(shifted(first));
    } else {
      out.copy(reader.source, start, position);
    }
  });
}
