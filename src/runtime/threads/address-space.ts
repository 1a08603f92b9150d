import type { Program } from "../messages.ts";

/**
 * The most linear memories that all guests of the pool have at once. Each reserves 8 GiB of address space, of which a process
 * has 128 TiB; half of that is left to memories of guests that ended, which stay until their worker collects garbage.
 */
const MAX_MEMORIES_AT_ONCE = 8192;

/**
 * What Linux gives a process is 65,530 mappings, and the engine ends the process for want of one. A stack and a memory take two each. So
 * many may be those of guests at once; up to 24,576 are for stacks of calls between components (`worker/stacks/nested-stacks.ts`), the rest
 * is for what ended guests leave until it is collected, for code and for the heaps of threads.
 */
const MAX_MAPPINGS = 28_000;

/** Of a guest: its stack, and two of calls between its components, which it may have whatever others have. */
const [GUEST_MAPPINGS, MEMORY_MAPPINGS] = [6, 2];

/** What guests have of the address space of a process. */
export interface AddressSpace {
  readonly guests: number;
  readonly memories: number;
}

/** Whether guests that have so much fit into the address space of a process. */
export function fitsAddressSpace({ guests, memories }: AddressSpace): boolean {
  return memories <= MAX_MEMORIES_AT_ONCE && guests * GUEST_MAPPINGS + memories * MEMORY_MAPPINGS <= MAX_MAPPINGS;
}

const counted = new WeakMap<Program, number>();

/** How many linear memories one invocation of a program has; one with 64-bit addresses reserves as much as two. */
export function memoriesOf(program: Program): number {
  const known = counted.get(program);
  if (known !== undefined) return known;
  const byName = new Map(program.modules.map(({ name, memories }) => [name, memories]));
  const count = program.instantiations
    .flatMap((name) => byName.get(name) ?? [])
    .reduce((total, { address64 }) => total + (address64 ? 2 : 1), 0);
  counted.set(program, count);
  return count;
}
