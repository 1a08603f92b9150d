import type { ModulePositions } from "../../component/preparation/messages.ts";

/** What is kept of all components of the process together, in bytes. One of 12 MB takes about 2 MB. */
const MOST_BYTES = 32 * 1024 * 1024;

/** By digest, the one that was asked for last at the end. */
const known = new Map<string, readonly ModulePositions[]>();

/** What was found out for a component that trapped before, so that one that traps again and again makes the host do it once. */
export function knownPositions(key: string): readonly ModulePositions[] | undefined {
  const found = known.get(key);
  if (found !== undefined) known.set(key, (known.delete(key), found));
  return found;
}

/** Keeps it, and lets go of what was not asked for the longest where that is too much together. */
export function keepPositions(key: string, found: readonly ModulePositions[]): void {
  known.set(key, found);
  let bytes = [...known.values()].reduce((sum, one) => sum + sizeOf(one), 0);
  for (const [oldest, modules] of known) {
    if (bytes <= MOST_BYTES) return;
    known.delete(oldest);
    bytes -= sizeOf(modules);
  }
}

function sizeOf(modules: readonly ModulePositions[]): number {
  return modules.reduce((sum, { positions }) => sum + positions.length, 0);
}
