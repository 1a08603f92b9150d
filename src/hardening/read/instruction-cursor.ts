import { MalformedError } from "../../shared/byte-reader.ts";
import { COST_OF, IMMEDIATE, IMMEDIATE_OF } from "./instruction-table.ts";
import { PAGE, PREFIX } from "./opcodes.ts";
import { STRAIGHT, STRAIGHT_OF } from "./straight-code.ts";

const NULLABLE_REFERENCE = 0x63;
const REFERENCE = 0x64;
/** More than any code costs, and than there are locals. */
const ANY = 2 ** 30;
/** Types that are no index begin here, in one byte. */
const FIRST_TYPE_CODE = 0x40;
/** Set in the alignment of a memory argument that names its memory. */
const NAMES_MEMORY = 0x40;

/** `catch` and `catch_ref` of a try_table name a tag before the label. */
const FIRST_CATCH_ALL = 0x02;
const LAST_CATCH = 0x03;
/** Set in the kind of a catch that gives a reference to the exception, too. */
const WITH_REFERENCE = 0x01;

/**
 * Goes through instructions (core specification 5.4) one by one. After {@link InstructionCursor.next} the fields describe the
 * instruction that was read; they are overwritten by the next one. Made for speed: nothing is allocated on the way.
 *
 * What is read need not be valid. Lengths of integers are bounded, and reading stops at the end of the range; types and
 * indices are for the caller to check.
 */
export class InstructionCursor {
  /** Where the next instruction begins. */
  position: number;
  /** Where the one that was read begins. */
  start: number = 0;
  /** Its number in `opcodes.ts`. */
  opcode: number = 0;
  /** Its first index: of a label, function, type, local, global, table, memory. */
  first: number = 0;
  /** Its second index. */
  second: number = 0;
  /** Where its block type is. */
  typeAt: number = 0;
  /** Where the offset of its memory argument is. */
  offsetAt: number = 0;
  /** The labels of a br_table, its default last, or of a try_table's catches. */
  labels: Uint32Array = new Uint32Array(64);
  labelCount: number = 0;
  /** Whether a try_table gives references to exceptions to any of its labels. */
  keepsCaught: boolean = false;

  readonly #bytes: Uint8Array;
  #end: number;

  /** Reads `bytes` from `start`, inclusive, to `end`, exclusive. */
  constructor(bytes: Uint8Array, start: number = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#end = end;
    this.position = start;
  }

  /** Whether the range was read to its end. */
  get isAtEnd(): boolean {
    return this.position >= this.#end;
  }

  /** Goes on in another range. */
  seek(start: number, end: number): void {
    this.position = start;
    this.start = start;
    this.#end = end;
  }

  /**
   * Reads an instruction.
   *
   * @throws MalformedError for one that is not known, and when the bytes end within it.
   */
  next(): void {
    const start = this.position;
    this.start = start;
    if (start >= this.#end) this.#fail("the bytes end too early");
    let opcode = this.#bytes[start] ?? 0;
    this.position = start + 1;
    if (opcode >= PREFIX.collected) opcode = this.#prefixed(opcode);
    this.opcode = opcode;
    switch (IMMEDIATE_OF[opcode]) {
      case IMMEDIATE.none:
        break;
      case IMMEDIATE.index:
        this.first = this.u32();
        break;
      case IMMEDIATE.integer:
        this.#skipInteger(10);
        break;
      case IMMEDIATE.memory:
        this.#memory();
        break;
      case IMMEDIATE.blockType:
      case IMMEDIATE.heapType:
        this.typeAt = this.position;
        this.skipType();
        break;
      case IMMEDIATE.twoIndices:
        this.first = this.u32();
        this.second = this.u32();
        break;
      case IMMEDIATE.f32:
        this.position += 4;
        break;
      case IMMEDIATE.f64:
        this.position += 8;
        break;
      case IMMEDIATE.memoryAndLane:
        this.#memory();
        this.position += 1;
        break;
      case IMMEDIATE.bytes16:
        this.position += 16;
        break;
      case IMMEDIATE.byte:
        this.position += 1;
        break;
      case IMMEDIATE.labels:
        this.#readLabels();
        break;
      case IMMEDIATE.types:
        for (let left = this.u32(); left > 0; left -= 1) {
          this.skipType();
          if (this.position > this.#end) break;
        }
        break;
      case IMMEDIATE.catches:
        this.#readCatches();
        break;
      case IMMEDIATE.cast:
        this.position += 1;
        this.first = this.u32();
        this.skipType();
        this.skipType();
        break;
      default:
        this.#fail("an unknown instruction");
    }
    if (this.position > this.#end) this.#fail("the bytes end too early");
  }

  /**
   * Moves past straight code: instructions at which the rewriter has nothing to do. It ends before any other, and when what it has
   * passed costs at least `most`. The fields say nothing about what it passed.
   *
   * @param most By default more than anything costs.
   * @param locals Locals from this one on, and those from 128 on, are not straight. By default only those.
   * @returns What it passed costs, in units of fuel.
   */
  straight(most: number = ANY, locals: number = ANY): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let at = this.position;
    let cost = 0;
    while (cost < most && at < end) {
      const opcode = bytes[at] ?? 0;
      let next = at + 1;
      switch (STRAIGHT_OF[opcode]) {
        case STRAIGHT.none:
          break;
        case STRAIGHT.local: {
          const local = bytes[next] ?? 0x80;
          if (local >= 0x80 || local >= locals) next = at;
          else next += 1;
          break;
        }
        case STRAIGHT.integer:
          while ((bytes[next] ?? 0) >= 0x80) next += 1;
          next += 1;
          break;
        case STRAIGHT.memory:
          if ((bytes[next] ?? 0x80) >= NAMES_MEMORY) {
            next = at;
            break;
          }
          next += 1;
          while ((bytes[next] ?? 0) >= 0x80) next += 1;
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
      cost += COST_OF[opcode] ?? 0;
      at = next;
    }
    this.position = at;
    return cost;
  }

  /** Reads a body's declarations of locals, with which it begins; how many it declares. */
  locals(): number {
    this.start = this.position;
    let declared = 0;
    for (let left = this.u32(); left > 0; left -= 1) {
      declared += this.u32();
      this.skipType();
      if (this.position > this.#end) this.#fail("the bytes end too early");
    }
    return declared;
  }

  /** An unsigned integer at the position, which moves on. */
  u32(): number {
    const bytes = this.#bytes;
    let byte = bytes[this.position] ?? 0;
    this.position += 1;
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    for (let shift = 7; shift < 28; shift += 7) {
      byte = bytes[this.position] ?? 0;
      this.position += 1;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    byte = bytes[this.position] ?? 0;
    this.position += 1;
    if (byte > 0x0f) this.#fail("the integer does not fit in 32 bits");
    return value + byte * 2 ** 28;
  }

  #prefixed(prefix: number): number {
    const number = this.u32();
    switch (prefix) {
      case PREFIX.collected:
        return number < 0x100 ? PAGE.collected + number : this.#fail("an unknown instruction");
      case PREFIX.miscellaneous:
        return number < 0x100 ? PAGE.miscellaneous + number : this.#fail("an unknown instruction");
      case PREFIX.vector:
        return number < 0x200 ? PAGE.vector + number : this.#fail("an unknown instruction");
      case PREFIX.atomic:
        return number < 0x100 ? PAGE.atomic + number : this.#fail("an unknown instruction");
      default:
        return this.#fail("an unknown instruction");
    }
  }

  #skipInteger(most: number): void {
    const bytes = this.#bytes;
    let at = this.position;
    const last = at + most;
    while ((bytes[at] ?? 0) >= 0x80) {
      at += 1;
      if (at === last) this.#fail("an integer is too long");
    }
    this.position = at + 1;
  }

  /** The index that its block type is; undefined for a value type, and for none. */
  get blockTypeIndex(): number | undefined {
    const first = this.#bytes[this.typeAt] ?? 0;
    if (first >= FIRST_TYPE_CODE && first < 0x80) return undefined;
    let index = 0;
    for (let at = this.typeAt, weight = 1; ; at += 1, weight *= 0x80) {
      const byte = this.#bytes[at] ?? 0;
      index += (byte & 0x7f) * weight;
      if (byte < 0x80) return index;
    }
  }

  /** Moves past a value type, a heap type or a block type: one byte, a reference with its heap type, or a type's index. */
  skipType(): void {
    const code = this.#bytes[this.position] ?? 0;
    if (code === NULLABLE_REFERENCE || code === REFERENCE) this.position += 1;
    this.#skipInteger(5);
  }

  #memory(): void {
    const alignment = this.u32();
    this.first = (alignment & NAMES_MEMORY) === 0 ? 0 : this.u32();
    this.offsetAt = this.position;
    this.#skipInteger(10);
  }

  #readLabels(): void {
    const count = this.u32();
    if (count >= this.#end - this.position) this.#fail("the bytes end too early");
    this.labelCount = 0;
    for (let left = count + 1; left > 0; left -= 1) this.#label(this.u32());
  }

  #readCatches(): void {
    this.typeAt = this.position;
    this.skipType();
    this.labelCount = 0;
    this.keepsCaught = false;
    for (let left = this.u32(); left > 0; left -= 1) {
      const kind = this.#bytes[this.position] ?? 0;
      if (kind > LAST_CATCH || this.position >= this.#end) this.#fail("an unknown kind of catch");
      this.position += 1;
      if (kind < FIRST_CATCH_ALL) this.u32();
      if ((kind & WITH_REFERENCE) !== 0) this.keepsCaught = true;
      this.#label(this.u32());
    }
  }

  #label(depth: number): void {
    if (this.labelCount === this.labels.length) {
      const larger = new Uint32Array(this.labels.length * 2);
      larger.set(this.labels);
      this.labels = larger;
    }
    this.labels[this.labelCount] = depth;
    this.labelCount += 1;
  }

  #fail(problem: string): never {
    throw new MalformedError(this.start, problem);
  }
}
