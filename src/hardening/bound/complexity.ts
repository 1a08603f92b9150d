import { ByteReader } from "../../shared/byte-reader.ts";
import { CordonError } from "../../shared/errors.ts";
import { type Section, SECTION, wellFormed } from "../read/module-sections.ts";
import { skipValueType } from "../read/type-section.ts";

/**
 * Bounds of one core module. What real toolchains emit stays far below; what is above could make the engine or Cordon take
 * memory and time that no limit of an invocation covers, since it happens when a component is loaded.
 */
export const COMPLEXITY = {
  /**
   * The size of a function's body, in bytes. Real toolchains made one of 427 KB, for Python, and of 181 KB at most else.
   */
  bodyBytes: 1_048_576,
  /** Parameters and locals of a function; the engine's own bound is 50,000. */
  locals: 49_000,
  /** How deep blocks are nested. */
  depth: 10_000,
  /**
   * What compiling a function costs the engine, in the units of `compile-costs.ts`: at most about 115 MB, 0.9 s of the baseline compiler
   * and 2 s of the optimizing one. The largest functions of real toolchains have 3,900,000 (Rust) and 3,400,000 (a JavaScript engine,
   * which takes the optimizing compiler 65 MB and about 2 s).
   */
  compileCost: 6_000_000,
  /** Locals of all functions; the engine writes down each of them to validate a module. */
  allLocals: 10_000_000,
  /** The engine keeps each for the life of the process: see `component/bound-types.ts`. */
  types: 20_000,
  imports: 100_000,
  functions: 100_000,
  tables: 1_000,
  memories: 100,
  tags: 10_000,
  globals: 100_000,
  exports: 100_000,
  elementSegments: 100_000,
  dataSegments: 100_000,
} as const;

/**
 * What compiling all functions of a program may cost the engine together, in the units of `compile-costs.ts`: so much, and so much more
 * for each byte of code. The machine code of all that is called is kept as long as the program: up to 7 bytes for a unit. Code of real
 * toolchains costs from 16 to 21 for a byte.
 */
export function mostCompileCost(workingBytes: number): number {
  return 12_000_000 + 32 * workingBytes;
}

/** The error for code that takes the engine's compilers too much together. */
export function tooCostlyTogether(used: number, cap: number): CordonError {
  return tooMany("units of compilation in all its functions", used, cap);
}

/** The error for a function with too many locals. */
export function tooManyLocals(used: number, cap: number): CordonError {
  return tooMany("locals in a function", used, cap);
}

/** The error for blocks within blocks. */
export function tooDeep(cap: number): CordonError {
  return tooMany("blocks within each other", cap + 1, cap);
}

/** The error for a function that takes the engine's compilers too much. */
export function tooCostly(used: number): CordonError {
  return tooMany("units of compilation in a function", used, COMPLEXITY.compileCost);
}

/** The error for a module that has too much of something. `what` goes on from "it has 7". */
function tooMany(what: string, used: number, cap: number): CordonError {
  return new CordonError(
    "limit",
    `Cannot load the component: a core module in it has ${used} ${what}, over the bound of ${cap}; build it in smaller parts`,
    { limit: { limit: "complexity", cap, used } },
  );
}

/** Which section has how many of what, at most. */
const COUNTED: readonly (readonly [section: number, what: string, cap: number])[] = [
  [SECTION.type, "types", COMPLEXITY.types],
  [SECTION.import, "imports", COMPLEXITY.imports],
  [SECTION.function, "functions", COMPLEXITY.functions],
  [SECTION.table, "tables", COMPLEXITY.tables],
  [SECTION.memory, "memories", COMPLEXITY.memories],
  [SECTION.tag, "tags", COMPLEXITY.tags],
  [SECTION.global, "globals", COMPLEXITY.globals],
  [SECTION.export, "exports", COMPLEXITY.exports],
  [SECTION.element, "element segments", COMPLEXITY.elementSegments],
  [SECTION.data, "data segments", COMPLEXITY.dataSegments],
];

/**
 * Refuses modules that have too much of anything, before anything is made of it: by the counts that sections begin with, and the
 * locals that bodies declare.
 *
 * @throws CordonError `limit`, or `invalid-component` when a section is malformed.
 */
export function refuseComplex(sections: readonly Section[]): void {
  for (const [id, what, cap] of COUNTED) {
    const section = sections.find((one) => one.id === id);
    if (section === undefined) continue;
    const count = wellFormed(() => new ByteReader(section.content).count());
    if (count > cap) throw tooMany(what, count, cap);
  }
  for (const { id, content } of sections) {
    if (id === SECTION.code) wellFormed(() => checkBodies(content));
  }
}

/** Reads a code section (core specification 5.5.13) as far as the sizes of its bodies and their locals. */
function checkBodies(content: Uint8Array): void {
  const reader = new ByteReader(content);
  let all = 0;
  for (let left = reader.count(); left > 0; left -= 1) {
    const size = reader.u32();
    if (size > COMPLEXITY.bodyBytes) throw tooMany("bytes in a function", size, COMPLEXITY.bodyBytes);
    const body = reader.sub(size);
    let locals = 0;
    for (let groups = body.count(); groups > 0; groups -= 1) {
      locals += body.u32();
      skipValueType(body);
      if (locals > COMPLEXITY.locals) throw tooManyLocals(locals, COMPLEXITY.locals);
    }
    all += locals;
    if (all > COMPLEXITY.allLocals) throw tooMany("locals", all, COMPLEXITY.allLocals);
  }
  if (reader.remaining > 0) reader.fail("bytes after the last function");
}
