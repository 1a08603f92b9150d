import type { ByteReader } from "../../shared/byte-reader.ts";
import { InstructionCursor } from "./instruction-cursor.ts";
import { OPCODE } from "./opcodes.ts";

/** What is called for an instruction that names a memory: `memory.size` or `memory.grow`, from `start` to `end`. */
export interface InstructionVisitor {
  readonly memorySize: (memory: number, start: number, end: number) => void;
  readonly memoryGrow: (memory: number, start: number, end: number) => void;
}

/**
 * Walks over the instructions of a function's body, which the engine has found valid, to its end. `reader` begins after the
 * body's size.
 *
 * @throws MalformedError for an instruction it does not know.
 */
export function walkInstructions(reader: ByteReader, visitor: InstructionVisitor): void {
  const cursor = new InstructionCursor(reader.source, reader.offset, reader.end);
  cursor.locals();
  while (cursor.position < reader.end) {
    cursor.next();
    if (cursor.opcode === OPCODE.memorySize) visitor.memorySize(cursor.first, cursor.start, cursor.position);
    else if (cursor.opcode === OPCODE.memoryGrow) visitor.memoryGrow(cursor.first, cursor.start, cursor.position);
  }
  reader.skip(reader.remaining);
}
