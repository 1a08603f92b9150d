import { ByteReader } from "../../shared/byte-reader.ts";
import { OPCODE } from "../read/opcodes.ts";
import { ByteWriter } from "./byte-writer.ts";

/** The engine copies no body of more than 500 bytes into those that call it; so much more, in bytes, for what it may come to count besides. */
const MIN_BYTES = 1024;

const NOP = 0x01;

/**
 * Makes bodies of a code section so long that the optimizing compiler does not copy them into their callers. It copies up to 60 small ones
 * into one, which then costs as much as all of them together, though each body is bounded by itself.
 *
 * @param positions Those that cost much, by their positions in the section. What is added is never executed: it stands behind the last
 *   instruction of a body, so that nothing moves.
 */
export function keepApart(code: Uint8Array, positions: ReadonlySet<number>): Uint8Array {
  const reader = new ByteReader(code);
  const out = new ByteWriter(code.length + positions.size * MIN_BYTES);
  const count = reader.count();
  out.u32(count);
  for (let index = 0; index < count; index += 1) {
    const size = reader.u32();
    const start = reader.offset;
    reader.skip(size);
    const missing = positions.has(index) ? Math.max(0, MIN_BYTES - size) : 0;
    out.u32(size + missing);
    out.copy(code, start, reader.offset - 1);
    for (let left = missing; left > 0; left -= 1) out.u8(NOP);
    out.u8(OPCODE.end);
  }
  return out.view();
}
