import { ByteReader } from "../shared/byte-reader.ts";
import { CordonError } from "../shared/errors.ts";
import {
  COUNTER_EXPORT,
  GUARD_NAMESPACE,
  MEMORY_NAMESPACE,
  type MemoryDeclaration,
  memoryField,
} from "../shared/plan/hardening-profile.ts";
import { encodePositions } from "./write/encode-positions.ts";
import { PositionLog } from "./write/position-log.ts";
import { instrumentCode } from "./write/instrument.ts";
import { keepApart } from "./write/keep-apart.ts";
import { boundNames } from "./bound/bound-names.ts";
import { capTables } from "./bound/cap-tables.ts";
import { readImports } from "./read/import-section.ts";
import { unsignedLeb128 } from "./write/leb128.ts";
import { readMemoryType, writeMemoryType } from "./read/memory-type.ts";
import { type AllowedFeatures, refuseUnbounded } from "./bound/refuse-unbounded.ts";
import { refuseExceptions } from "./bound/refuse-exceptions.ts";
import { countHeldExceptions } from "./write/count-held-exceptions.ts";
import { readShape } from "./read/module-shape.ts";
import { segmentEntries } from "./bound/segment-entries.ts";
import { readExportNames } from "./read/export-section.ts";
import { readSections, SECTION, type Section, wellFormed, writeSections } from "./read/module-sections.ts";
import { typeKeys } from "./read/type-keys.ts";

const MEMORY_KIND = 0x02;

/** The most pages that a memory can declare. What is made of it declares no maximum. */
const MOST_PAGES = 2 ** 16;
const MOST_PAGES_64 = 2 ** 48;

/** Import namespaces that are the host's alone. */
const RESERVED: ReadonlySet<string> = new Set([MEMORY_NAMESPACE, GUARD_NAMESPACE]);

/** A hardened core module. */
export interface HardenedModule {
  readonly bytes: Uint8Array;
  /** The memories it used to define, in order. The host makes them, with the maximum it chooses, for each instance. */
  readonly memories: readonly MemoryDeclaration[];
  /** Whether it counts fuel, and so imports the globals of `GUARD_FIELDS`. A module without functions of its own does not. */
  readonly metered: boolean;
  /** How many entries the tables that it defines can have together, and its passive element segments have. */
  readonly tableEntries: number;
  /** How many entries are written into tables when it is instantiated. */
  readonly activeEntries: number;
  /** What compiling all of its code costs the engine, in the units of `compile-costs.ts`. */
  readonly compileCost: number;
  /** Whether an instance can hold exceptions, up to `MAX_HELD` of `count-held-exceptions.ts`. */
  readonly holdsExceptions: boolean;
  /** The bytes of its code as it was, without padding. */
  readonly workingBytes: number;
  /** Where its code was before, as `encodePositions` writes it, if that was asked for. */
  readonly positions?: Uint8Array;
}

/** How a core module is hardened. */
export interface HardenOptions {
  /** Whether the counter of fuel is inserted, without which nothing but the end of its thread ends a loop. Default: false. */
  readonly meter?: boolean;
  /**
   * Which counter is charged. `shared`: the imported one alone. `own`: a global of each module, exported as `COUNTER_EXPORT`, which engines
   * reach faster; it is filled from the imported one, and the fuel that is left is the sum of them all. Default: `own`.
   */
  readonly counter?: "shared" | "own";
  /** What is not refused though it is by default. */
  readonly allow?: AllowedFeatures;
  /** Whether it is to be told where the code was before, which takes time. Default: false. */
  readonly positions?: boolean;
  /** Told of the module's types, as `typeKeys` gives them, before the engine is given it to be validated; may throw. Default: nothing. */
  readonly admitTypes?: (keys: Uint8Array) => void;
}

/**
 * Hardens a core module: see {@link rewrite}.
 *
 * @throws CordonError `invalid-component` when it is malformed or imports from the host's namespace, `unsupported` for
 * what is not allowed, `limit` for tables and functions that are too large.
 */
export function hardenModule(module: Uint8Array, options: HardenOptions = {}): HardenedModule {
  if (options.positions !== true) return rewrite(module, options);
  const logs = { exceptions: new PositionLog(), counter: new PositionLog() };
  const hardened = rewrite(module, options, logs);
  const positions = wellFormed(() => encodePositions(module, hardened.bytes, [logs.exceptions, logs.counter]));
  return { ...hardened, positions };
}

/** What is told to each pass that writes bodies anew. The last, `keepApart`, moves nothing within one. */
interface PassLogs {
  readonly exceptions: PositionLog;
  readonly counter: PositionLog;
}

/**
 * Rewrites a core module so that every memory it defines becomes an import, which the host satisfies with a memory whose
 * maximum is the invocation's. Imported memories come before defined ones in the index space, and these are appended to
 * the imports, so no index changes. One compiled module serves invocations with different caps. Its tables get maxima.
 *
 * The module need not be valid: the engine validates what is made of it, once, and knows nothing of the module itself. So every index
 * is checked here that could name something which is added, and every count by which something is added behind it.
 */
function rewrite(
  module: Uint8Array,
  { meter = false, counter = "own", allow = {}, admitTypes }: HardenOptions,
  logs?: PassLogs,
): HardenedModule {
  const found = boundNames(readSections(module));
  refuseReserved(found);
  const { compileCost, workingBytes, handlers, costly } = refuseUnbounded(found, allow);
  if (allow.collected !== true)
    refuseExceptions(
      found,
      wellFormed(() => readShape(found)),
    );
  const counts = meter && handlers.size > 0;
  // Counting relies on a valid module; everything else checks itself what it relies on.
  if (counts) {
    admitTypes?.(typeKeys(found));
    assertValid(module);
  }
  const { sections: bounded, holds: holdsExceptions } = counts
    ? wellFormed(() => countHeldExceptions(found, handlers, logs?.exceptions))
    : { sections: found, holds: false };
  const instrumented = meter
    ? wellFormed(() => instrumentCode(bounded, { ownCounter: counter === "own", allow, positions: logs?.counter }))
    : found;
  const metered = instrumented !== bounded;
  const elements = found.find(({ id }) => id === SECTION.element);
  const entries = elements === undefined ? { passive: 0, active: 0 } : segmentEntries(elements.content);
  const counted = { activeEntries: entries.active, compileCost, workingBytes, holdsExceptions, metered };
  let tableEntries = entries.passive;
  const sections = instrumented.map((section) => {
    if (section.id === SECTION.code && costly.size > 0) {
      return { ...section, content: wellFormed(() => keepApart(section.content, costly)) };
    }
    if (section.id !== SECTION.table) return section;
    const capped = capTables(section.content);
    tableEntries += capped.entries;
    return { ...section, content: capped.content };
  });
  const memories = sections.filter(({ id }) => id === SECTION.memory).flatMap(({ content }) => readMemories(content));
  if (memories.length === 0 && tableEntries === 0 && !metered && costly.size === 0)
    return { bytes: module, memories, tableEntries, ...counted };
  const rest = sections.filter(({ id }) => id !== SECTION.memory);
  const bytes = writeSections(memories.length === 0 ? rest : withMemoryImports(rest, memories));
  return { bytes, memories, tableEntries, ...counted };
}

function assertValid(module: Uint8Array): void {
  if (WebAssembly.validate(module)) return;
  throw new CordonError(
    "invalid-component",
    "Cannot load the component: a core module in it is not valid WebAssembly; build it again, with features that this engine has",
  );
}

function refuseReserved(sections: readonly Section[]): void {
  for (const { id, content } of sections) {
    if (id === SECTION.import) {
      const { imports } = wellFormed(() => readImports(content));
      const reserved = imports.find(({ module }) => RESERVED.has(module));
      if (reserved !== undefined) throw reservedName(`imports from "${reserved.module}"`);
    } else if (id === SECTION.export) {
      const names = wellFormed(() => readExportNames(content));
      if (names.includes(COUNTER_EXPORT)) throw reservedName(`exports "${COUNTER_EXPORT}"`);
    }
  }
}

function reservedName(what: string): CordonError {
  return new CordonError(
    "invalid-component",
    `Cannot load the component: a core module ${what}, which is reserved for the host`,
  );
}

function readMemories(content: Uint8Array): MemoryDeclaration[] {
  return wellFormed(() => {
    const reader = new ByteReader(content);
    const memories = Array.from({ length: reader.count() }, () => readMemoryType(reader));
    if (reader.remaining > 0) reader.fail("bytes after the last memory");
    for (const { initialPages, maximumPages = initialPages, address64 } of memories) {
      const fits = initialPages <= maximumPages && maximumPages <= (address64 ? MOST_PAGES_64 : MOST_PAGES);
      if (!fits) reader.fail("a memory's maximum is below its initial size, or more than there is");
    }
    return memories;
  });
}

function withMemoryImports(sections: readonly Section[], memories: readonly MemoryDeclaration[]): Section[] {
  const added = Buffer.concat(memories.flatMap((memory, position) => importOf(memory, position)));
  const existing = sections.findIndex(({ id }) => id === SECTION.import);
  if (existing >= 0) {
    return sections.map((section, index) =>
      index === existing ? { id: SECTION.import, content: appended(section.content, added, memories.length) } : section,
    );
  }
  const content = Buffer.concat([unsignedLeb128(memories.length), added]);
  const types = sections.findIndex(({ id }) => id === SECTION.type);
  return [...sections.slice(0, types + 1), { id: SECTION.import, content }, ...sections.slice(types + 1)];
}

function appended(content: Uint8Array, added: Uint8Array, count: number): Uint8Array {
  const { imports, entriesOffset } = wellFormed(() => readImports(content));
  return Buffer.concat([unsignedLeb128(imports.length + count), content.subarray(entriesOffset), added]);
}

/**
 * The import keeps the memory's initial size and leaves out its maximum, which the host's memory need not repeat: a lower
 * one is always compatible. Shared memories have to have one.
 */
function importOf({ maximumPages, ...rest }: MemoryDeclaration, position: number): Uint8Array[] {
  return [
    encodedName(MEMORY_NAMESPACE),
    encodedName(memoryField(position)),
    Uint8Array.of(MEMORY_KIND),
    writeMemoryType(rest.shared && maximumPages !== undefined ? { ...rest, maximumPages } : rest),
  ];
}

function encodedName(name: string): Uint8Array {
  const bytes = Buffer.from(name, "utf8");
  return Buffer.concat([unsignedLeb128(bytes.length), bytes]);
}
