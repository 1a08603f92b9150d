import { ByteReader } from "../../shared/byte-reader.ts";
import {
  COMPILE_COST_OF,
  COPIED_COST,
  LOOKED_AT,
  LOOP_PAIRS,
  MERGE,
  SPILL_PAIRS,
  TABLE_ENTRY,
} from "./compile-costs.ts";
import { COMPLEXITY, mostCompileCost, tooCostly, tooCostlyTogether, tooDeep } from "./complexity.ts";
import { InstructionCursor } from "../read/instruction-cursor.ts";
import type { ModuleShape } from "../read/module-shape.ts";
import { OPCODE, OPCODES, PREFIXED } from "../read/opcodes.ts";
import { STACK_EFFECT_OF } from "./stack-effects.ts";
import { STRAIGHT, STRAIGHT_OF } from "../read/straight-code.ts";

/** What a byte of a body costs at least, in the units of `compile-costs.ts`, where the body is no padding. */
const LEAST_COST = 16;

/** Block types that are no index begin here, in one byte. */
const FIRST_CODE = 0x40;
const NO_RESULT = 0x40;

/** Set in the alignment of a memory argument that names its memory. */
const NAMES_MEMORY = 0x40;

/** How straight code goes on, its effect on the operands, and its cost, in one number for each byte that an instruction begins with. */
const SUMMARY_OF = new Int32Array(256);
const [FORM_MASK, EFFECT_SHIFT, EFFECT_MASK, EFFECT_BIAS, COST_SHIFT] = [0x07, 3, 0x0f, 8, 7];
for (let opcode = 0; opcode < 256; opcode += 1) {
  const effect = (STACK_EFFECT_OF[opcode] ?? 0) + EFFECT_BIAS;
  const form = STRAIGHT_OF[opcode] ?? STRAIGHT.not;
  SUMMARY_OF[opcode] = form | (effect << EFFECT_SHIFT) | ((COMPILE_COST_OF[opcode] ?? 0) << COST_SHIFT);
}

/** 1 for instructions after which nothing follows. */
const NEVER_GOES_ON = new Uint8Array(OPCODES);
for (const opcode of [
  OPCODE.unreachable,
  OPCODE.br,
  OPCODE.brTable,
  OPCODE.return,
  OPCODE.returnCall,
  OPCODE.returnCallIndirect,
  OPCODE.returnCallRef,
  OPCODE.throw,
  OPCODE.rethrow,
  OPCODE.throwRef,
]) {
  NEVER_GOES_ON[opcode] = 1;
}

/** What there is to know of a module's code before the engine sees it. */
export interface CodeCost {
  /** In the units of `compile-costs.ts`. */
  readonly cost: number;
  /** The bytes of code that {@link mostCompileCost} counts: no more of a body than it costs, so that code which is nothing earns nothing. */
  readonly workingBytes: number;
  /** The most operands at once, of each body that handles exceptions, by its position in the section. */
  readonly handlers: ReadonlyMap<number, number>;
  /** The bodies that cost too much to be compiled again in each that calls them, by their positions; see `keep-apart.ts`. */
  readonly costly: ReadonlySet<number>;
}

/**
 * Estimates what compiling a body takes, of memory and of time, in the units of `compile-costs.ts`.
 *
 * Both compilers and the engine's validation keep, at each block, the state of every local and of every operand below it, and at each
 * branch move or merge all of these and what the branch brings. So a few bytes of code can cost as much as there are locals, operands,
 * parameters and results. What is counted here is at least what the engine has at the same place: operands are counted as if those
 * that code takes after an `unreachable`, where they may be missing, had been there.
 */
class BodyCost {
  /** Whether the body that was looked at handles exceptions. */
  handlesExceptions: boolean = false;
  readonly #code: Uint8Array;
  readonly #shape: ModuleShape;
  readonly #cursor: InstructionCursor;
  /** Of each open block: the operands below it, what it takes, and what it leaves. */
  readonly #bases: Int32Array = new Int32Array(COMPLEXITY.depth + 1);
  readonly #takes: Int32Array = new Int32Array(COMPLEXITY.depth + 1);
  readonly #gives: Int32Array = new Int32Array(COMPLEXITY.depth + 1);
  /** Where its loop begins; below zero when it is none. */
  readonly #loopAt: Int32Array = new Int32Array(COMPLEXITY.depth + 1);
  /** Whether exceptions of what is called within are caught. */
  readonly #catches: Uint8Array = new Uint8Array(COMPLEXITY.depth + 1);
  /** Whether it begins in code that cannot be reached. */
  readonly #dead: Uint8Array = new Uint8Array(COMPLEXITY.depth + 1);
  #isDead = false;
  #depth = 0;
  #height = 0;
  #highest = 0;
  #locals = 0;
  #loops = 0;
  #cost = 0;

  constructor(code: Uint8Array, shape: ModuleShape) {
    this.#code = code;
    this.#shape = shape;
    this.#cursor = new InstructionCursor(code);
  }

  /** The most operands that it has at once. */
  get highest(): number {
    return this.#highest;
  }

  /**
   * What the body of a function of this type costs, from `start`, after its size, to `end`.
   *
   * @throws CordonError `limit`, or MalformedError.
   */
  of(start: number, end: number, type: number): number {
    const cursor = this.#cursor;
    const { types } = this.#shape;
    cursor.seek(start, end);
    this.#locals = types.parametersOf(type) + cursor.locals();
    this.handlesExceptions = false;
    this.#isDead = false;
    this.#depth = 0;
    this.#height = 0;
    this.#highest = 0;
    this.#loops = 0;
    this.#cost = this.#locals;
    this.#push(0, types.resultsOf(type), -1);
    while (this.#depth > 0) {
      this.#straight(end);
      cursor.next();
      this.#cost += COMPILE_COST_OF[cursor.opcode] ?? 0;
      this.#height += STACK_EFFECT_OF[cursor.opcode] ?? 0;
      this.#follow(cursor);
      if (this.#height > this.#highest) this.#highest = this.#height;
      if (this.#cost > COMPLEXITY.compileCost) throw tooCostly(this.#cost);
    }
    this.#cost += Math.floor(((end - start) * (this.#locals + this.#highest)) / SPILL_PAIRS);
    if (this.#cost > COMPLEXITY.compileCost) throw tooCostly(this.#cost);
    return this.#cost;
  }

  /** Moves past instructions that do nothing but take and leave operands. */
  #straight(end: number): void {
    const code = this.#code;
    const lowest = this.#lowest();
    let at = this.#cursor.position;
    let height = this.#height;
    let highest = this.#highest;
    let cost = this.#cost;
    while (at < end) {
      const summary = SUMMARY_OF[code[at] ?? 0] ?? 0;
      let next = at + 1;
      switch (summary & FORM_MASK) {
        case STRAIGHT.none:
          break;
        case STRAIGHT.local:
          if ((code[next] ?? 0x80) >= 0x80) next = at;
          else next += 1;
          break;
        case STRAIGHT.integer:
          while ((code[next] ?? 0) >= 0x80) next += 1;
          next += 1;
          break;
        case STRAIGHT.memory:
          if ((code[next] ?? 0x80) >= NAMES_MEMORY) {
            next = at;
            break;
          }
          next += 1;
          while ((code[next] ?? 0) >= 0x80) next += 1;
          next += 1;
          break;
        case STRAIGHT.f32:
          next += 4;
          break;
        case STRAIGHT.f64:
          next += 8;
          break;
        default:
          next = at;
      }
      if (next === at) break;
      cost += summary >> COST_SHIFT;
      height += ((summary >> EFFECT_SHIFT) & EFFECT_MASK) - EFFECT_BIAS;
      if (height < lowest) height = lowest;
      if (height > highest) highest = height;
      at = next;
    }
    this.#cursor.position = at;
    this.#height = height;
    this.#highest = highest;
    this.#cost = cost;
  }

  #follow(cursor: InstructionCursor): void {
    const { allFunctionTypes, tagTypes, types } = this.#shape;
    const frame = this.#depth - 1;
    const base = this.#bases[frame] ?? 0;
    switch (cursor.opcode) {
      case OPCODE.block:
        this.#block(MERGE.block, false);
        break;
      case OPCODE.loop:
        this.#loop();
        break;
      case OPCODE.if:
        this.#block(MERGE.if, false);
        break;
      case OPCODE.try:
        this.#block(MERGE.block, true);
        break;
      case OPCODE.tryTable:
        for (let index = 0; index < cursor.labelCount; index += 1) this.#catch(cursor.labels[index] ?? 0);
        this.#block(MERGE.block, true);
        break;
      case OPCODE.else:
        this.#merge(this.#gives[frame] ?? 0);
        this.#height = base + (this.#takes[frame] ?? 0);
        this.#isDead = this.#dead[frame] === 1;
        break;
      case OPCODE.catch:
      case OPCODE.catchAll: {
        const caught = cursor.opcode === OPCODE.catch ? types.parametersOf(tagTypes[cursor.first] ?? 0) : 0;
        this.#merge(this.#gives[frame] ?? 0);
        this.#cost += MERGE.caught * caught;
        this.#catches[frame] = this.#catches[frame - 1] ?? 0;
        this.#height = base + caught;
        this.#isDead = this.#dead[frame] === 1;
        break;
      }
      case OPCODE.end:
      case OPCODE.delegate:
        this.#end(frame, base);
        break;
      case OPCODE.call:
      case OPCODE.returnCall:
        this.#call(allFunctionTypes[cursor.first] ?? 0);
        break;
      case OPCODE.callIndirect:
      case OPCODE.returnCallIndirect:
      case OPCODE.callRef:
      case OPCODE.returnCallRef:
        this.#height -= 1;
        this.#call(cursor.first);
        break;
      case OPCODE.br:
      case OPCODE.brIf:
      case OPCODE.brOnNull:
      case OPCODE.brOnNonNull:
      case PREFIXED.brOnCast:
      case PREFIXED.brOnCastFail:
        this.#branch(cursor.first);
        break;
      case OPCODE.brTable:
        this.#cost += Math.ceil(this.#depth / LOOKED_AT.openBlock) + TABLE_ENTRY * cursor.labelCount;
        for (let index = 0; index < cursor.labelCount; index += 1) this.#branch(cursor.labels[index] ?? 0);
        break;
      case OPCODE.return:
        this.#cost += MERGE.branch * (this.#gives[0] ?? 0);
        break;
      case OPCODE.throw:
        this.#thrown(types.parametersOf(tagTypes[cursor.first] ?? 0));
        break;
      case OPCODE.rethrow:
      case OPCODE.throwRef:
        this.#thrown(0);
        break;
      default:
        this.#height = Math.max(this.#height, this.#lowest());
    }
    if (NEVER_GOES_ON[cursor.opcode] === 1) {
      this.#height = base;
      this.#isDead = true;
    }
  }

  /** In code that cannot be reached, operands may be taken that are not there; the one that an instruction leaves is there then. */
  #lowest(): number {
    return (this.#bases[this.#depth - 1] ?? 0) + (this.#isDead ? 1 : 0);
  }

  /** All locals and operands are merged with what was so elsewhere, and so much more. */
  #merge(brought: number): void {
    this.#cost += MERGE.branch * (this.#locals + this.#height + brought);
  }

  #branch(label: number): void {
    const frame = this.#depth - 1 - label;
    const isLoop = (this.#loopAt[frame] ?? -1) >= 0;
    const brought = (isLoop ? this.#takes[frame] : this.#gives[frame]) ?? 0;
    this.#merge(brought);
    // What is not there and brought all the same is there afterwards, if it goes on.
    this.#height = Math.max(this.#height, (this.#bases[this.#depth - 1] ?? 0) + (this.#isDead ? brought : 0));
  }

  /** What a try_table catches goes to a label as a branch does, which brings the values of the tag. */
  #catch(label: number): void {
    this.#branch(label);
    this.#cost += MERGE.caught * (this.#gives[this.#depth - 1 - label] ?? 0);
  }

  #thrown(parameters: number): void {
    this.#cost += MERGE.parameter * parameters;
    if (this.#catches[this.#depth - 1] === 1) this.#merge(0);
  }

  #call(type: number): void {
    const { types } = this.#shape;
    const [parameters, results] = [types.parametersOf(type), types.resultsOf(type)];
    const states = this.#locals + this.#height;
    this.#cost += MERGE.parameter * parameters + MERGE.result * results + Math.ceil(states / LOOKED_AT.call);
    this.#height = Math.max(this.#height - parameters, this.#bases[this.#depth - 1] ?? 0) + results;
    if (this.#catches[this.#depth - 1] === 1) this.#merge(0);
  }

  #loop(): void {
    this.#cost += Math.ceil(this.#loops / LOOP_PAIRS);
    this.#loops += 1;
    this.#block(MERGE.loop, this.#catches[this.#depth - 1] === 1, this.#cursor.start);
  }

  #block(weight: number, catches: boolean, loopAt = -1): void {
    const [takes, gives] = this.#arity();
    this.#cost += weight * (this.#locals + this.#height + takes + gives);
    this.#push(takes, gives, loopAt);
    if (!catches) return;
    this.#catches[this.#depth - 1] = 1;
    this.handlesExceptions = true;
  }

  #end(frame: number, base: number): void {
    const loopAt = this.#loopAt[frame] ?? -1;
    if (loopAt >= 0) this.#cost += Math.ceil((this.#cursor.start - loopAt) / LOOKED_AT.loopByte);
    this.#height = base + (this.#gives[frame] ?? 0);
    this.#isDead = this.#dead[frame] === 1;
    this.#depth = frame;
  }

  /** What the block at the cursor takes and leaves. */
  #arity(): readonly [takes: number, gives: number] {
    const { typeAt } = this.#cursor;
    const first = this.#code[typeAt] ?? 0;
    if (first >= FIRST_CODE && first < 0x80) return [0, first === NO_RESULT ? 0 : 1];
    let index = 0;
    for (let at = typeAt, weight = 1; ; at += 1, weight *= 0x80) {
      const byte = this.#code[at] ?? 0;
      index += (byte & 0x7f) * weight;
      if (byte < 0x80) break;
    }
    const { types } = this.#shape;
    return [types.parametersOf(index), types.resultsOf(index)];
  }

  #push(takes: number, gives: number, loopAt: number): void {
    const frame = this.#depth;
    if (frame > COMPLEXITY.depth) throw tooDeep(COMPLEXITY.depth);
    this.#bases[frame] = Math.max(this.#height - takes, 0);
    this.#takes[frame] = takes;
    this.#gives[frame] = gives;
    this.#loopAt[frame] = loopAt;
    this.#dead[frame] = this.#isDead ? 1 : 0;
    this.#catches[frame] = this.#catches[frame - 1] ?? 0;
    this.#depth = frame + 1;
  }
}

/**
 * Refuses bodies of a code section (core specification 5.5.13) that take the engine too much to validate or compile. Takes time in
 * proportion to the section's size.
 *
 * @returns What all of them cost together, and which handle exceptions.
 * @throws CordonError `limit`, or MalformedError.
 */
export function refuseCostly(code: Uint8Array, shape: ModuleShape): CodeCost {
  const body = new BodyCost(code, shape);
  const reader = new ByteReader(code);
  const count = reader.count();
  const handlers = new Map<number, number>();
  const costly = new Set<number>();
  let [all, working] = [0, 0];
  for (let index = 0; index < count; index += 1) {
    const size = reader.u32();
    const start = reader.offset;
    reader.skip(size);
    const cost = body.of(start, reader.offset, shape.functionTypes[index] ?? 0);
    all += cost;
    working += Math.min(size, cost / LEAST_COST);
    if (cost > COPIED_COST) costly.add(index);
    if (body.handlesExceptions) handlers.set(index, body.highest);
  }
  const most = mostCompileCost(working);
  if (all > most) throw tooCostlyTogether(all, most);
  return { cost: all, workingBytes: working, handlers, costly };
}
