import type { LinearMemory } from "../core/linear-memory.ts";
import { ERRNO, Preview1Error } from "./errno.ts";

/** How many vectors one call may have, as on Linux. */
const MAX_VECTORS = 1_024;
const VECTOR_BYTES = 8;

/** A part of the guest's memory, to be read or filled. */
export interface IoVector {
  readonly at: number;
  readonly length: number;
}

/**
 * The vectors of a scatter or gather call that are not empty. All of them lie in the memory.
 *
 * @throws OutsideMemory for what does not; Preview1Error `inval` for more vectors than there may be.
 */
export function ioVectors(memory: LinearMemory, at: number, count: number): readonly IoVector[] {
  if (count > MAX_VECTORS) throw new Preview1Error(ERRNO.invalid);
  memory.assertPlace(at, count * VECTOR_BYTES, 4);
  const vectors: IoVector[] = [];
  for (let index = 0; index < count; index += 1) {
    const vector = { at: memory.u32(at + index * VECTOR_BYTES), length: memory.u32(at + index * VECTOR_BYTES + 4) };
    memory.assertPlace(vector.at, vector.length, 1);
    if (vector.length > 0) vectors.push(vector);
  }
  return vectors;
}
