import { MAX_TABLE_ENTRIES, tooManyEntries } from "../hardening/cap-tables.ts";
import type { HardenedModule } from "../hardening/harden-module.ts";
import { CordonError } from "../shared/errors.ts";

/**
 * The most linear memories that all instances of a program have together; one of 64-bit addresses counts twice. Each takes
 * 8 GiB (or 16) of the process's address space, of which there are 128 TiB, whatever its size.
 */
const MAX_MEMORIES = 100;

/**
 * Bounds what a program's instances take together, of what no cap of an invocation counts.
 *
 * @param instantiations Names of the modules, one for each instance.
 * @throws CordonError `limit`.
 */
export function boundInstances(
  modules: readonly ({ readonly name: string } & HardenedModule)[],
  instantiations: readonly string[],
): void {
  const byName = new Map(modules.map((one) => [one.name, one]));
  let memories = 0;
  let tableEntries = 0;
  for (const name of instantiations) {
    const instantiated = byName.get(name);
    for (const { address64 } of instantiated?.memories ?? []) memories += address64 ? 2 : 1;
    tableEntries += instantiated?.tableEntries ?? 0;
  }
  if (memories > MAX_MEMORIES) throw tooComplex("linear memories", memories, MAX_MEMORIES);
  if (tableEntries > MAX_TABLE_ENTRIES) throw tooManyEntries(tableEntries);
}

/** The error for a component that has more of something than it may. */
export function tooComplex(what: string, used: number, cap: number): CordonError {
  return new CordonError("limit", `Cannot load the component: it has ${used} ${what}, over the bound of ${cap}`, {
    limit: { limit: "complexity", cap, used },
  });
}
