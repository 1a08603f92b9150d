import { ByteReader } from "../../shared/byte-reader.ts";
import { COMPLEXITY, tooDeep, tooManyStates } from "./complexity.ts";
import { InstructionCursor } from "../read/instruction-cursor.ts";
import { IMMEDIATE, IMMEDIATE_OF } from "../read/instruction-table.ts";
import type { ModuleShape } from "../read/module-shape.ts";
import { OPCODE } from "../read/opcodes.ts";
import { STACK_EFFECT_OF } from "./stack-effects.ts";

/** A block takes this many bytes at least, and an operand this many. */
const BLOCK_BYTES = 3;
const OPERAND_BYTES = 2;

/** Block types that are no index begin here, in one byte. */
const FIRST_CODE = 0x40;
const NO_RESULT = 0x40;

/**
 * Bounds what the engine's first compiler keeps of a function: for each block, the state of every local, and of every operand
 * below it. 35 KB of code with 5,000 blocks and 20,000 locals, or operands, take it 1.3 GB.
 */
class LabelStates {
  readonly #code: Uint8Array;
  readonly #shape: ModuleShape;
  readonly #cursor: InstructionCursor;
  /** Of each open block: the operands below it, what it takes, and what it leaves. */
  readonly #bases: Int32Array = new Int32Array(COMPLEXITY.depth + 1);
  readonly #takes: Int32Array = new Int32Array(COMPLEXITY.depth + 1);
  readonly #gives: Int32Array = new Int32Array(COMPLEXITY.depth + 1);
  #depth = 0;
  #height = 0;
  #locals = 0;
  #states = 0;

  constructor(code: Uint8Array, shape: ModuleShape) {
    this.#code = code;
    this.#shape = shape;
    this.#cursor = new InstructionCursor(code);
  }

  /**
   * Looks at the body of a function of this type, from `start`, after its size, to `end`.
   *
   * @throws CordonError `limit`, or MalformedError.
   */
  check(start: number, end: number, type: number): void {
    const cursor = this.#cursor;
    cursor.seek(start, end);
    const { types } = this.#shape;
    this.#locals = types.parametersOf(type) + cursor.locals();
    const bytes = end - cursor.position;
    // Most functions are so small that there is nothing to count, and of the others most have few blocks.
    const most = COMPLEXITY.labelStates / (this.#locals + bytes / OPERAND_BYTES);
    if (bytes / BLOCK_BYTES <= most || this.#blocks(end) <= most) return;
    cursor.seek(start, end);
    cursor.locals();
    this.#depth = 0;
    this.#height = 0;
    this.#states = 0;
    this.#push(0, types.resultsOf(type));
    while (this.#depth > 0) {
      cursor.next();
      this.#height += STACK_EFFECT_OF[cursor.opcode] ?? 0;
      this.#follow(cursor);
    }
  }

  /** How many blocks a body has, itself among them, from where the cursor is to its end. */
  #blocks(end: number): number {
    const cursor = this.#cursor;
    for (let blocks = 1; ;) {
      cursor.straight();
      if (cursor.position >= end) return blocks;
      cursor.next();
      if (IMMEDIATE_OF[cursor.opcode] === IMMEDIATE.blockType || cursor.opcode === OPCODE.tryTable) blocks += 1;
    }
  }

  #follow(cursor: InstructionCursor): void {
    const { types, allFunctionTypes, tagTypes } = this.#shape;
    const frame = this.#depth - 1;
    switch (cursor.opcode) {
      case OPCODE.block:
      case OPCODE.loop:
      case OPCODE.if:
      case OPCODE.try:
      case OPCODE.tryTable:
        this.#block(cursor.typeAt);
        break;
      case OPCODE.else:
        this.#height = (this.#bases[frame] ?? 0) + (this.#takes[frame] ?? 0);
        break;
      case OPCODE.catch:
        this.#height = (this.#bases[frame] ?? 0) + types.parametersOf(tagTypes[cursor.first] ?? 0);
        break;
      case OPCODE.end:
      case OPCODE.delegate:
        this.#height = (this.#bases[frame] ?? 0) + (this.#gives[frame] ?? 0);
        this.#depth = frame;
        break;
      case OPCODE.call:
        this.#call(allFunctionTypes[cursor.first] ?? 0);
        break;
      case OPCODE.callIndirect:
      case OPCODE.callRef:
        this.#height -= 1;
        this.#call(cursor.first);
        break;
      case OPCODE.catchAll:
      case OPCODE.br:
      case OPCODE.brTable:
      case OPCODE.return:
      case OPCODE.returnCall:
      case OPCODE.returnCallIndirect:
      case OPCODE.returnCallRef:
      case OPCODE.unreachable:
      case OPCODE.throw:
      case OPCODE.rethrow:
      case OPCODE.throwRef:
        this.#height = this.#bases[frame] ?? 0;
        break;
      default:
    }
    // After what never goes on, operands may be taken that are not there.
    this.#height = Math.max(this.#height, 0);
  }

  #call(type: number): void {
    const { types } = this.#shape;
    this.#height += types.resultsOf(type) - types.parametersOf(type);
  }

  #block(typeAt: number): void {
    const first = this.#code[typeAt] ?? 0;
    if (first >= FIRST_CODE && first < 0x80) {
      this.#push(0, first === NO_RESULT ? 0 : 1);
      return;
    }
    let index = 0;
    for (let at = typeAt, weight = 1; ; at += 1, weight *= 0x80) {
      const byte = this.#code[at] ?? 0;
      index += (byte & 0x7f) * weight;
      if (byte < 0x80) break;
    }
    const { types } = this.#shape;
    this.#push(types.parametersOf(index), types.resultsOf(index));
  }

  #push(takes: number, gives: number): void {
    if (this.#depth > COMPLEXITY.depth) throw tooDeep(COMPLEXITY.depth);
    this.#states += this.#locals + this.#height;
    if (this.#states > COMPLEXITY.labelStates) throw tooManyStates(this.#states, COMPLEXITY.labelStates);
    this.#bases[this.#depth] = Math.max(this.#height - takes, 0);
    this.#takes[this.#depth] = takes;
    this.#gives[this.#depth] = gives;
    this.#depth += 1;
  }
}

/**
 * Applies the bound to every body of a code section.
 *
 * @throws CordonError `limit`, or MalformedError.
 */
export function refuseLabelStates(code: Uint8Array, shape: ModuleShape): void {
  const states = new LabelStates(code, shape);
  const reader = new ByteReader(code);
  const count = reader.count();
  for (let index = 0; index < count; index += 1) {
    const size = reader.u32();
    const start = reader.offset;
    reader.skip(size);
    states.check(start, reader.offset, shape.functionTypes[index] ?? 0);
  }
}
