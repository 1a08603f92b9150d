import type { MemoryDeclaration } from "../../shared/hardening-profile.ts";
import type { Program } from "../messages.ts";

/** Bytes of a WebAssembly page. */
export const PAGE_BYTES = 65_536;

/** The maxima of one instance's memories, in the order in which its module declares them. */
export type InstanceMaxima = readonly number[];

/** The memories of a program's instances need more than the cap from the start. */
export class MemoryCapTooSmall extends Error {
  readonly neededBytes: number;
  constructor(neededBytes: number) {
    super(`the component's memories start at ${neededBytes} bytes`);
    this.neededBytes = neededBytes;
  }
}

/**
 * Divides an invocation's memory cap among all the memories its core instances will have, so that their maxima never add
 * up to more than the cap. What is left above the initial sizes goes to each in proportion to its initial size, for the
 * memory that starts large is the one a program lives in; a memory's own declared maximum still holds.
 *
 * @throws MemoryCapTooSmall when the initial sizes alone are over the cap.
 */
export function allotMemory(program: Program, capBytes: number): readonly InstanceMaxima[] {
  const capPages = Math.floor(capBytes / PAGE_BYTES);
  const byName = new Map(program.modules.map((compiled) => [compiled.name, compiled.memories]));
  const instances = program.instantiations.map((name) => byName.get(name) ?? []);
  const all = instances.flat();
  const initial = sum(all.map((memory) => memory.initialPages));
  if (initial > capPages) throw new MemoryCapTooSmall(initial * PAGE_BYTES);

  const spare = capPages - initial;
  const weight = sum(all.map(weightOf));
  return instances.map((memories) =>
    memories.map((memory) => {
      const share = memory.initialPages + Math.floor((spare * weightOf(memory)) / weight);
      return Math.min(share, memory.maximumPages ?? share, memory.address64 ? share : 65_536);
    }),
  );
}

// Never zero, so that a memory which starts empty can grow at all.
function weightOf(memory: MemoryDeclaration): number {
  return memory.initialPages + 1;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, next) => total + next, 0);
}
