import { InstructionCursor } from "../../hardening/read/instruction-cursor.ts";
import { OPCODE } from "../../hardening/read/opcodes.ts";
import { readImports } from "../../hardening/read/import-section.ts";
import { readSections, SECTION, wellFormed } from "../../hardening/read/module-sections.ts";
import { readTypes, type TypeSection } from "../../hardening/read/type-section.ts";
import { ByteReader } from "../../shared/byte-reader.ts";

/** A function that does nothing but call what is in one place of its module's table. */
export interface Trampoline {
  readonly place: number;
  /** What tells its type from others. */
  readonly type: string;
}

/** A module of trampolines. */
export interface TrampolineModule {
  /** The names under which it exports its table, of which it is the only use. */
  readonly tables: ReadonlySet<string>;
  /** How many places the table has, all empty. */
  readonly size: number;
  /** By the names under which it exports them. */
  readonly functions: ReadonlyMap<string, Trampoline>;
}

/** What a filling module puts into a place of the table that it imports. */
export interface Filling {
  readonly place: number;
  /** Which of the module's imports it is, tables included. */
  readonly position: number;
  readonly type: string;
}

/** A module that does nothing but fill places of a table with functions that it imports. */
export interface FillingModule {
  /** Which of the module's imports the table is. */
  readonly table: number;
  readonly places: readonly Filling[];
}

/** The largest module that is looked into: a trampoline takes about 20 bytes, and a component has some hundreds. */
const MAX_BYTES = 65_536;

const FUNCTION_REFERENCE = 0x70;
/** Codes of i32, i64, f32 and f64 are from here on. */
const LEAST_NUMBER = 0x7c;
const MAX_NAME_BYTES = 100_000;
const [FUNCTION, TABLE] = [0x00, 0x01];

/**
 * What a module is, if it consists of nothing but trampolines.
 *
 * @throws CordonError `invalid-component` when it is malformed.
 */
export function trampolineModule(module: Uint8Array): TrampolineModule | undefined {
  return wellFormed(() => readTrampolines(module));
}

/**
 * What a module is, if it does nothing but fill places of one table.
 *
 * @throws CordonError `invalid-component` when it is malformed.
 */
export function fillingModule(module: Uint8Array): FillingModule | undefined {
  return wellFormed(() => readFilling(module));
}

function readTrampolines(module: Uint8Array): TrampolineModule | undefined {
  const sections = sectionsOf(module, [SECTION.type, SECTION.function, SECTION.table, SECTION.export, SECTION.code]);
  const types = plainTypes(sections?.get(SECTION.type));
  const size = tableSize(sections?.get(SECTION.table));
  const [declared, code, exported] = [SECTION.function, SECTION.code, SECTION.export].map((id) => sections?.get(id));
  if (types === undefined || size === undefined || declared === undefined || code === undefined) return undefined;
  if (exported === undefined) return undefined;
  const made: Trampoline[] = [];
  const [indices, bodies] = [new ByteReader(declared), new ByteReader(code)];
  bodies.count();
  for (let left = indices.count(); left > 0; left -= 1) {
    const type = indices.u32();
    const place = calledPlace(bodies.sub(bodies.u32()), type, types.parametersOf(type));
    const key = typeKey(types, type);
    if (key === undefined || place === undefined || place >= size) return undefined;
    made.push({ place, type: key });
  }
  const functions = new Map<string, Trampoline>();
  const tables = new Set<string>();
  const exports = new ByteReader(exported);
  for (let left = exports.count(); left > 0; left -= 1) {
    const name = exports.name(MAX_NAME_BYTES);
    const kind = exports.u8();
    const index = exports.u32();
    const trampoline = made[index];
    if (kind === TABLE) tables.add(name);
    else if (kind === FUNCTION && trampoline !== undefined) functions.set(name, trampoline);
    else return undefined;
  }
  return { tables, size, functions };
}

function readFilling(module: Uint8Array): FillingModule | undefined {
  const sections = sectionsOf(module, [SECTION.type, SECTION.import, SECTION.element]);
  const types = plainTypes(sections?.get(SECTION.type));
  const [imported, elements] = [SECTION.import, SECTION.element].map((id) => sections?.get(id));
  if (types === undefined || imported === undefined || elements === undefined) return undefined;
  const functions: { readonly position: number; readonly type: string }[] = [];
  let table: number | undefined;
  for (const [position, { kind, type, address64 }] of readImports(imported).imports.entries()) {
    const key = type === undefined ? undefined : typeKey(types, type);
    if (kind === "function" && key !== undefined) functions.push({ position, type: key });
    else if (kind === "table" && table === undefined && address64 !== true) table = position;
    else return undefined;
  }
  const reader = new ByteReader(elements);
  // One segment, active, of functions by their indices, in the table of index 0.
  if (table === undefined || reader.count() !== 1 || reader.u32() !== 0) return undefined;
  const first = constant(reader);
  if (first === undefined) return undefined;
  const places: Filling[] = [];
  for (let left = reader.count(); left > 0; left -= 1) {
    const filled = functions[reader.u32()];
    if (filled === undefined) return undefined;
    places.push({ place: first + places.length, ...filled });
  }
  return { table, places };
}

/** Its sections by their ids, without custom ones; undefined for a module that has others, or is too large to be one of these. */
function sectionsOf(module: Uint8Array, allowed: readonly number[]): ReadonlyMap<number, Uint8Array> | undefined {
  if (module.length > MAX_BYTES) return undefined;
  const sections = readSections(module).filter(({ id }) => id !== SECTION.custom);
  if (sections.some(({ id }) => !allowed.includes(id))) return undefined;
  return new Map(sections.map(({ id, content }) => [id, content]));
}

/** Types that are the same when they look the same: functions, without recursion and subtypes. */
function plainTypes(content: Uint8Array | undefined): TypeSection | undefined {
  const types = content === undefined ? undefined : readTypes(content);
  return types?.collected === false ? types : undefined;
}

/** A type of numbers alone: what else there is may name types of its module. */
function typeKey(types: TypeSection, index: number): string | undefined {
  const { parameterBytes, resultBytes } = types.signature(index);
  const isPlain = [...parameterBytes, ...resultBytes].every((code) => code >= LEAST_NUMBER);
  return isPlain ? `${parameterBytes.join()}:${resultBytes.join()}` : undefined;
}

/** How many places the only table of a module has, which begins empty. */
function tableSize(content: Uint8Array | undefined): number | undefined {
  if (content === undefined) return undefined;
  const reader = new ByteReader(content);
  if (reader.count() !== 1 || reader.u8() !== FUNCTION_REFERENCE) return undefined;
  return reader.u8() <= 0x01 ? reader.u32() : undefined;
}

/** The place of the table that a body calls with all of its parameters, and does nothing else. */
function calledPlace(body: ByteReader, type: number, parameters: number): number | undefined {
  if (body.u32() !== 0) return undefined;
  const cursor = new InstructionCursor(body.source, body.offset, body.end);
  const next = (opcode: number): boolean => {
    cursor.next();
    return cursor.opcode === opcode;
  };
  for (let index = 0; index < parameters; index += 1) {
    if (!next(OPCODE.localGet) || cursor.first !== index) return undefined;
  }
  if (!next(OPCODE.i32Const)) return undefined;
  const place = new ByteReader(body.source, cursor.start + 1, cursor.position).s33();
  if (!next(OPCODE.callIndirect) || cursor.first !== type || cursor.second !== 0) return undefined;
  if (!next(OPCODE.end) || cursor.position !== body.end) return undefined;
  return place >= 0 ? place : undefined;
}

/** A number that is not negative, as a constant expression. */
function constant(reader: ByteReader): number | undefined {
  if (reader.u8() !== OPCODE.i32Const) return undefined;
  const value = reader.s33();
  return reader.u8() === OPCODE.end && value >= 0 ? value : undefined;
}
