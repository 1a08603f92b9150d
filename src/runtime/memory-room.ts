import { totalmem } from "node:os";

/**
 * Half of the memory that this process may use, in bytes. While linear memories of running guests hold more, no further guest is
 * started.
 */
export function roomForMemories(): number {
  return Math.min(process.constrainedMemory() || Infinity, totalmem()) / 2;
}
