import { mostCompileCost } from "../hardening/bound/complexity.ts";
import { MAX_TABLE_ENTRIES, tooManyEntries } from "../hardening/bound/cap-tables.ts";
import { activeDataBytes, boundActiveData } from "../hardening/bound/active-data.ts";
import { boundActiveEntries } from "../hardening/bound/segment-entries.ts";
import { instanceHeapBytes } from "../hardening/bound/instance-heap.ts";
import type { HardenedModule } from "../hardening/harden-module.ts";
import { countOf, readSections, SECTION } from "../hardening/read/module-sections.ts";
import { CordonError } from "../shared/errors.ts";
import { tooComplex } from "./too-complex.ts";

/**
 * The most linear memories that all instances of a program have together; one of 64-bit addresses counts twice. Each takes
 * 8 GiB (or 16) of the process's address space, of which there are 128 TiB, whatever its size.
 */
const MAX_MEMORIES = 100;

/** The most instances of a program that can hold exceptions; each of them holds 512 at most. */
const MAX_EXCEPTION_HOLDERS = 4;

/** The most tables that all instances of a program have together; an invocation's own limit is at most this. */
const MAX_TABLES = 10_000;

/**
 * What all instances of a program may take of the JavaScript heap of their thread before any of their code runs, in bytes. The engine makes
 * it for each invocation, from a heap of 256 MiB. A Python interpreter with its libraries, in 14 instances, takes 4 MB.
 */
const MAX_HEAP_BYTES = 48 * 1024 * 1024;

/** What all instances of a program take together. */
export interface ProgramSize {
  readonly tables: ProgramTables;
  /** Of the JavaScript heap of the thread that makes them, in bytes. */
  readonly heapBytes: number;
}

/** The tables of all instances of a program together. */
export interface ProgramTables {
  readonly count: number;
  /** The most entries that they can have. */
  readonly entries: number;
}

/**
 * Bounds what a program's instances take together, whatever the limits of an invocation.
 *
 * @param instantiations Names of the modules, one for each instance.
 * @returns What an invocation's own limits are compared with.
 * @throws CordonError `limit`.
 */
export function boundInstances(
  modules: readonly ({ readonly name: string } & HardenedModule)[],
  instantiations: readonly string[],
): ProgramSize {
  const byName = new Map(modules.map((one) => [one.name, measured(one)]));
  let memories = 0;
  let tables = 0;
  let tableEntries = 0;
  let activeEntries = 0;
  let activeBytes = 0;
  let heapBytes = 0;
  let holders = 0;
  for (const name of instantiations) {
    const instantiated = byName.get(name);
    for (const { address64 } of instantiated?.memories ?? []) memories += address64 ? 2 : 1;
    tables += instantiated?.tables ?? 0;
    tableEntries += instantiated?.tableEntries ?? 0;
    activeEntries += instantiated?.activeEntries ?? 0;
    activeBytes += instantiated?.activeBytes ?? 0;
    heapBytes += instantiated?.heapBytes ?? 0;
    holders += instantiated?.holdsExceptions === true ? 1 : 0;
  }
  if (memories > MAX_MEMORIES) throw tooComplex("linear memories", memories, MAX_MEMORIES);
  if (tables > MAX_TABLES) throw tooComplex("tables", tables, MAX_TABLES);
  if (tableEntries > MAX_TABLE_ENTRIES) throw tooManyEntries(tableEntries);
  boundActiveEntries(activeEntries);
  boundActiveData(activeBytes);
  if (holders > MAX_EXCEPTION_HOLDERS) {
    throw tooComplex("instances that keep exceptions", holders, MAX_EXCEPTION_HOLDERS);
  }
  boundCompiling(modules);
  if (heapBytes > MAX_HEAP_BYTES) throw tooMuchHeap(heapBytes, instantiations.length);
  return { tables: { count: tables, entries: tableEntries }, heapBytes };
}

/** A module with what each of its instances takes. */
interface MeasuredModule extends HardenedModule {
  readonly tables: number;
  readonly heapBytes: number;
  readonly activeBytes: number;
}

function measured(module: HardenedModule): MeasuredModule {
  const sections = readSections(module.bytes);
  const data = sections.find(({ id }) => id === SECTION.data);
  return {
    ...module,
    tables: countOf(sections, SECTION.table),
    heapBytes: instanceHeapBytes(sections, module.tableEntries),
    activeBytes: data === undefined ? 0 : activeDataBytes(data.content),
  };
}

/** A module's code is compiled once, however many instances it has. */
function boundCompiling(modules: readonly HardenedModule[]): void {
  const sum = (of: (module: HardenedModule) => number): number => modules.reduce((all, one) => all + of(one), 0);
  const used = sum(({ compileCost }) => compileCost);
  const cap = mostCompileCost(sum(({ workingBytes }) => workingBytes));
  if (used > cap) throw tooComplex("units of compilation in all its functions", used, cap);
}

function tooMuchHeap(used: number, instances: number): CordonError {
  return new CordonError(
    "limit",
    `Cannot load the component: its ${instances} core instances take ${used} bytes of the heap for what they export, import and define, ` +
      `over the bound of ${MAX_HEAP_BYTES}; build it with fewer exports or instances`,
    { limit: { limit: "host-memory", cap: MAX_HEAP_BYTES, used } },
  );
}
