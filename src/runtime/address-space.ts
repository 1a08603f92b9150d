import type { Program } from "./messages.ts";

/**
 * The most linear memories that all guests of the pool have at once. Each reserves 8 GiB of address space, of which a process
 * has 128 TiB; half of that is left to memories of guests that ended, which stay until their worker collects garbage.
 */
export const MAX_MEMORIES_AT_ONCE = 8192;

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
