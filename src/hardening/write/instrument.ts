import { ByteReader, MalformedError } from "../../shared/byte-reader.ts";
import { COUNTER_EXPORT, GUARD_FIELDS, GUARD_NAMESPACE } from "../../shared/plan/hardening-profile.ts";
import { BRANCH_HINTS, BranchHintWriter, readBranchHints } from "./branch-hints.ts";
import { ADDED_GLOBALS, type Body } from "../meter/body-events.ts";
import { ByteWriter } from "./byte-writer.ts";
import { BodyEmitter } from "./emit-body.ts";
import { unsignedLeb128 } from "./leb128.ts";
import type { PositionLog } from "./position-log.ts";
import { type MovedLocal, moveNames } from "./move-names.ts";
import { emptyPlan, planCharges } from "../meter/plan-charges.ts";
import { HelperFunctions, I32 } from "./helper-functions.ts";
import { type ModuleShape, readShape } from "../read/module-shape.ts";
import { type Section, SECTION } from "../read/module-sections.ts";
import { type ReferencedFunctions, referencedFunctions } from "../read/referenced-functions.ts";
import type { AllowedFeatures } from "../bound/refuse-unbounded.ts";
import { BodyScanner } from "../meter/scan-body.ts";
import { shiftGlobals } from "./shift-globals.ts";
import type { Signature } from "../read/type-section.ts";

const FUNCTION_FORM = 0x60;
const GLOBAL_KIND = 0x03;
const REFERENCE = 0x64;
const EMPTY_BLOCK = 0x40;
const NAMES = "name";
const EMPTY_VECTOR: Uint8Array = Uint8Array.of(0);
/** A mutable i32 that begins at zero. */
const ZERO_COUNTER = Uint8Array.of(I32, 0x01, 0x41, 0x00, 0x0b);

/** How many bytes the other sections may come to have more than before, hints aside. */
const SPARE_ROOM = 64 * 1024;

/** The longest encoding of a count, in bytes. */
const MOST_COUNT_BYTES = 5;

/** The order of sections in a module (core specification 5.5.16), custom ones aside. */
const ORDER: readonly number[] = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];

/** How the counter is inserted. */
export interface InstrumentOptions {
  /** Whether the module gets a counter of its own, which it fills from the shared one and exports. */
  readonly ownCounter: boolean;
  readonly allow: AllowedFeatures;
  /** Told of every body what is copied where. Default: nobody is. */
  readonly positions?: PositionLog | undefined;
}

/**
 * Inserts the counter of fuel into a module's code: see `scan-body.ts` for where, `fuel-costs.ts` for how much. What the module names has
 * to be there, or it is refused; the engine says whether the rest is valid. It imports the three globals of `GUARD_FIELDS` after that; no index changes but those of its own globals.
 *
 * @throws MalformedError for what it does not know, CordonError `limit` for what is too large.
 */
export function instrumentCode(
  sections: readonly Section[],
  { ownCounter, allow, positions }: InstrumentOptions,
): readonly Section[] {
  const shape = readShape(sections);
  const code = sections.find(({ id }) => id === SECTION.code)?.content;
  if (code === undefined || shape.functionTypes.length === 0) return sections;
  const types = new AddedTypes(shape.types.count);
  const [shared, checkpoint, grow] = [0, 1, 2].map((one) => shape.importedGlobals + one) as [number, number, number];
  const counter = ownCounter ? shape.globals + ADDED_GLOBALS : shared;
  const guardType = types.index([I32], [I32]);
  const functions = shape.importedFunctions + shape.functionTypes.length;
  const helpers = new HelperFunctions(
    functions,
    { counter, shared, checkpoint, grow, guardType },
    {
      memory64: (memory) => shape.memory64[memory] === true,
      table64: (table) => shape.table64[table] === true,
      shared: (memory) => shape.shared[memory] === true,
    },
  );
  const given = sections.find((section) => customName(section) === BRANCH_HINTS);
  const hints = new BranchHintWriter();
  const entered = new Map<number, number>();
  const moved = new Map<number, MovedLocal>();
  const uses = referencedFunctions(sections);
  for (const index of [uses.referenced, uses.exported].flatMap((set) => [...set])) {
    if (index >= functions) throw new MalformedError(0, `there is no function ${index}`);
  }
  const others = sections.reduce((total, { content }) => total + content.length, 0) - code.length;
  const room = others + (code.length >> 3) + SPARE_ROOM;
  const rewriting = { shape, counter, helpers, types, given, hints, uses, entered, moved, allow, room, positions };
  const { bodies, passing } = rewriteBodies(code, rewriting);

  const helperTypes = helpers.made.map(({ type, parameters, results }) => type ?? types.index(parameters, results));
  const shift = (global: number): number => {
    if (global >= shape.globals) throw new MalformedError(0, `there is no global ${global}`);
    return global < shape.importedGlobals ? global : global + ADDED_GLOBALS;
  };
  const replaced = new Map<number, Uint8Array>([
    [SECTION.function, functionSection(shape, { passing, types, helperTypes })],
    [SECTION.type, extended(contentOf(sections, SECTION.type), types.made)],
    [SECTION.import, extended(contentOf(sections, SECTION.import), guardImports(guardType))],
    [SECTION.code, bodies],
  ]);
  if (ownCounter) {
    const [globals, exports] = [SECTION.global, SECTION.export].map((id) =>
      shiftGlobals(id, contentOf(sections, id), shift, entered),
    );
    replaced.set(SECTION.global, extended(globals ?? EMPTY_VECTOR, [ZERO_COUNTER]));
    replaced.set(SECTION.export, extended(exports ?? EMPTY_VECTOR, [counterExport(counter)]));
  }
  const rewritten = sections
    .filter((section) => section !== given)
    .map(({ id, content }) => ({
      id,
      content: replaced.get(id) ?? shifted({ id, content }, { shift, entered, moved }),
      hasRoom: id === SECTION.code,
    }));
  return placed(rewritten, replaced, hints.content());
}

interface Rewriting {
  readonly shape: ModuleShape;
  readonly counter: number;
  readonly helpers: HelperFunctions;
  readonly types: AddedTypes;
  /** The module's own branch hints. */
  readonly given: Section | undefined;
  readonly hints: BranchHintWriter;
  readonly uses: ReferencedFunctions;
  /** Stubs that are exported instead of functions, by the function's index: they charge for callers from outside. Filled. */
  readonly entered: Map<number, number>;
  /** Locals whose index changes, by function. Filled. */
  readonly moved: Map<number, MovedLocal>;
  readonly allow: AllowedFeatures;
  /** How many bytes are kept free before and after the bodies, for the rest of the module. */
  readonly room: number;
  readonly positions: PositionLog | undefined;
}

interface Rewritten {
  readonly bodies: Uint8Array;
  /** 1 for functions that take the counter as a parameter, and give it back, by index. */
  readonly passing: Uint8Array;
}

/** Writes every body anew, and the helpers' after them. */
function rewriteBodies(code: Uint8Array, { shape, counter, helpers, types, room, ...rest }: Rewriting): Rewritten {
  const known = rest.given === undefined ? new Map() : readBranchHints(afterName(rest.given.content));
  const functions = shape.importedFunctions + shape.functionTypes.length;
  const plan = emptyPlan(functions);
  const scanner = new BodyScanner(code, {
    types: shape.types.count,
    functions,
    globals: shape.globals,
    importedGlobals: shape.importedGlobals,
    helpers,
    plan,
    allow: rest.allow,
  });
  const resultBlock = (type: number, signature: Signature): Uint8Array => {
    if (signature.results === 0) return Uint8Array.of(EMPTY_BLOCK);
    return signature.results === 1 ? signature.resultBytes : types.block(type, signature);
  };
  const bodies = eachBody(code, shape);
  planCharges(plan, scanner, { code, bodies, shape, uses: rest.uses });
  const { wholeCosts, entryCosts, passing } = plan;
  for (const body of bodies) {
    const { index } = body;
    const [cost, passes] = [entryCosts[index] ?? -1, passing[index] === 1];
    if (!rest.uses.exported.has(index) || (cost < 0 && !passes)) continue;
    rest.entered.set(index, helpers.entering(body, Math.max(cost, 0), passes));
  }
  const out = new ByteWriter(room + code.length + (code.length >> 1) + room);
  // How many bodies there are is known at the end. Their number comes before them.
  const bodiesAt = room + MOST_COUNT_BYTES;
  out.skip(bodiesAt);
  const emitter = new BodyEmitter(code, out, { counter, helpers, resultBlock, positions: rest.positions });
  for (const body of bodies) {
    const { index, start, type, signature } = body;
    const prepaid = entryCosts[index] ?? -1;
    const found = scanner.scan(body, prepaid >= 0);
    if (prepaid >= 0 && found.entryCost !== prepaid) throw new Error("a function was charged otherwise by its callers");
    const charged = (wholeCosts[index] ?? -1) < 0;
    const passes = passing[index] === 1;
    emitter.emit(start, found, { type, signature, given: known.get(index) ?? [], charged, passing: passes });
    if (passes && found.locals > signature.parameters) {
      rest.moved.set(index, { from: signature.parameters, to: found.locals });
    }
    rest.hints.add(index, emitter.hints);
  }
  for (const { body } of helpers.made) {
    out.u32(body.length);
    out.copy(Uint8Array.from(body));
  }
  const counted = unsignedLeb128(bodies.length + helpers.made.length);
  const whole = out.view().subarray(bodiesAt - counted.length);
  whole.set(counted);
  return { bodies: whole, passing };
}

interface FunctionTypes {
  readonly passing: Uint8Array;
  readonly types: AddedTypes;
  readonly helperTypes: readonly number[];
}

function functionSection(shape: ModuleShape, { passing, types, helperTypes }: FunctionTypes): Uint8Array {
  const out = new ByteWriter(shape.functionTypes.length * 2 + 64);
  out.u32(shape.functionTypes.length + helperTypes.length);
  for (const [index, type] of shape.functionTypes.entries()) {
    const passes = passing[shape.importedFunctions + index] === 1;
    out.u32(passes ? types.passing(type, shape.types.signature(type)) : type);
  }
  for (const type of helperTypes) out.u32(type);
  return out.view();
}

function eachBody(code: Uint8Array, shape: ModuleShape): readonly Body[] {
  const reader = new ByteReader(code);
  const count = reader.count();
  if (count !== shape.functionTypes.length) reader.fail("as many bodies as functions are expected");
  const bodies: Body[] = [];
  for (const [index, type] of shape.functionTypes.entries()) {
    const size = reader.u32();
    const start = reader.offset;
    reader.skip(size);
    const signature = shape.types.signature(type);
    bodies.push({ index: shape.importedFunctions + index, start, end: reader.offset, type, signature });
  }
  if (reader.remaining > 0) reader.fail("bytes after the last function");
  return bodies;
}

/** Types that are appended to a module's own. */
class AddedTypes {
  readonly made: Uint8Array[] = [];
  readonly #first: number;
  readonly #indices: Map<string, number> = new Map();

  constructor(first: number) {
    this.#first = first;
  }

  /** The index of a function type of these value types, each of one byte. */
  index(parameters: readonly number[], results: readonly number[]): number {
    return this.#add(
      `${parameters.join()}:${results.join()}`,
      Uint8Array.of(FUNCTION_FORM, parameters.length, ...parameters, results.length, ...results),
    );
  }

  /** The block type of blocks that give what functions of the type give. */
  block(type: number, { results, resultBytes }: Signature): Uint8Array {
    const out = new ByteWriter();
    out.u8(FUNCTION_FORM);
    out.u8(0);
    out.u32(results);
    out.copy(resultBytes);
    const index = this.#add(`block ${type}`, out.view());
    const encoded = new ByteWriter();
    encoded.signed(index);
    return encoded.view();
  }

  /** The index of a function's type with the counter as one parameter and one result more. */
  passing(type: number, { parameters, parameterBytes, results, resultBytes }: Signature): number {
    const out = new ByteWriter();
    out.u8(FUNCTION_FORM);
    out.u32(parameters + 1);
    out.copy(parameterBytes);
    out.u8(I32);
    out.u32(results + 1);
    out.copy(resultBytes);
    out.u8(I32);
    return this.#add(`passing ${type}`, out.view());
  }

  #add(key: string, encoding: Uint8Array): number {
    const known = this.#indices.get(key);
    if (known !== undefined) return known;
    const index = this.#first + this.made.length;
    this.made.push(encoding);
    this.#indices.set(key, index);
    return index;
  }
}

function guardImports(type: number): Uint8Array[] {
  return [
    guardImport(GUARD_FIELDS.counter, [I32], true),
    guardImport(GUARD_FIELDS.checkpoint, [REFERENCE, ...signedIndex(type)], false),
    guardImport(GUARD_FIELDS.grow, [REFERENCE, ...signedIndex(type)], false),
  ];
}

function counterExport(counter: number): Uint8Array {
  const out = new ByteWriter(64);
  out.name(COUNTER_EXPORT);
  out.u8(GLOBAL_KIND);
  out.u32(counter);
  return out.view();
}

function guardImport(field: string, type: readonly number[], mutable: boolean): Uint8Array {
  const out = new ByteWriter(64);
  out.name(GUARD_NAMESPACE);
  out.name(field);
  out.u8(GLOBAL_KIND);
  out.copy(Uint8Array.from(type));
  out.u8(mutable ? 1 : 0);
  return out.view();
}

function signedIndex(index: number): Uint8Array {
  const out = new ByteWriter(16);
  out.signed(index);
  return out.view();
}

/** A section that is a vector, with more elements. */
export function extended(content: Uint8Array, elements: readonly Uint8Array[]): Uint8Array {
  const reader = new ByteReader(content);
  const count = reader.count();
  const out = new ByteWriter(content.length + elements.length * 32);
  out.u32(count + elements.length);
  out.copy(content, reader.offset, reader.end);
  for (const element of elements) out.copy(element);
  return out.view();
}

interface Moves {
  readonly shift: (global: number) => number;
  readonly entered: ReadonlyMap<number, number>;
  readonly moved: ReadonlyMap<number, MovedLocal>;
}

function shifted(section: Section, { shift, entered, moved }: Moves): Uint8Array {
  if (customName(section) !== NAMES) return shiftGlobals(section.id, section.content, shift, entered);
  const out = new ByteWriter(section.content.length + 64);
  out.name(NAMES);
  out.copy(moveNames(afterName(section.content), shift, moved));
  return out.view();
}

/** Puts sections that a module did not have where they belong. */
export function placed(
  sections: Section[],
  replaced: ReadonlyMap<number, Uint8Array>,
  hints: Uint8Array | undefined,
): readonly Section[] {
  const result = [...sections];
  const before = (id: number): number => {
    const later = new Set(ORDER.slice(ORDER.indexOf(id)));
    const at = result.findIndex((section) => later.has(section.id));
    return at < 0 ? result.length : at;
  };
  for (const [id, content] of replaced) {
    if (!result.some((section) => section.id === id)) result.splice(before(id), 0, { id, content });
  }
  if (hints !== undefined) result.splice(before(SECTION.code), 0, { id: SECTION.custom, content: hints });
  return result;
}

/** The content of a section; an empty vector when there is none. */
export function contentOf(sections: readonly Section[], id: number): Uint8Array {
  return sections.find((section) => section.id === id)?.content ?? EMPTY_VECTOR;
}

/** The name of a custom section; undefined for any other section, and for names that are none. */
export function customName({ id, content }: Section): string | undefined {
  if (id !== SECTION.custom) return undefined;
  const reader = new ByteReader(content);
  return Buffer.from(reader.bytes(reader.u32())).toString("latin1");
}

function afterName(content: Uint8Array): Uint8Array {
  const reader = new ByteReader(content);
  reader.skip(reader.u32());
  return content.subarray(reader.offset);
}
