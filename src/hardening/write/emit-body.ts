import { ByteReader } from "../../shared/byte-reader.ts";
import { EVENT, EVENT_SIZE, LOOP_FORM } from "../meter/body-events.ts";
import { type BranchHint, HintList } from "./branch-hints.ts";
import type { ByteWriter } from "./byte-writer.ts";
import type { HelperFunctions } from "./helper-functions.ts";
import { signedLeb128 } from "./leb128.ts";
import { OPCODE } from "../read/opcodes.ts";
import type { ScannedBody } from "../meter/scanned-body.ts";
import { type Signature, skipValueType } from "../read/type-section.ts";

const I32 = 0x7f;
const EMPTY = 0x40;
const [I32_EQZ, I32_LT_S, I32_ADD, I32_SUB] = [0x45, 0x48, 0x6a, 0x6b];

/** How often a loop that is unrolled is written out, and charged at once. */
const COPIES = 2;
/** How many labels the form `outlined` puts between a loop and what it is in. */
const OUTLINED_LABELS = 3;

/** Functions without loops that charge in at most so many places work on the global. */
const MOST_IN_GLOBAL = 2;

/** A function whose body is written. */
export interface EmittedFunction {
  readonly type: number;
  readonly signature: Signature;
  /** Its own branch hints. */
  readonly given: readonly BranchHint[];
  /** Whether it charges for itself. */
  readonly charged: boolean;
  /** Whether it takes the counter as a parameter, and gives it back. */
  readonly passing: boolean;
}

/** What the emitter has to know of the module. */
export interface EmitContext {
  readonly counter: number;
  readonly helpers: HelperFunctions;
  /** A block type for a block that takes nothing and gives what a function of this type gives: its encoding. */
  readonly resultBlock: (type: number, signature: Signature) => Uint8Array;
}

/**
 * Writes a function's body anew, as a scanner has found it to be.
 *
 * A function that charges more than once keeps the counter in a local, which is appended to its own, and in the global
 * whenever another function runs or this one has ended. Those that charge once, and those that handle exceptions, which may
 * arrive in a handler from any call, work on the global; so do short ones without loops.
 *
 * The engine does much for small innermost loops, unless there is a call in them, and be it one that is hardly ever made. They are
 * written so that the call of the host is outside; each turn is charged and looked at as in any other.
 */
export class BodyEmitter {
  /** The branch hints of the body that was written last, in order. */
  readonly hints: HintList = new HintList();

  readonly #code: Uint8Array;
  readonly #context: EmitContext;
  readonly #out: ByteWriter;
  /** Where in that the body begins, after its size. */
  #bodyAt = 0;
  #source = 0;
  #inLocal = false;
  #isPassing = false;
  #scratch = 0;
  #given: readonly BranchHint[] = [];
  #givenAt = 0;
  #start = 0;
  /** Whether the loop that is written has the form `outlined`, and what is charged at its head. */
  #isOutlined = false;
  #outlinedCost = 0;

  /** Bodies are of `code`, and are written to `out`, each with its size in front. */
  constructor(code: Uint8Array, out: ByteWriter, context: EmitContext) {
    this.#code = code;
    this.#out = out;
    this.#context = context;
  }

  /** Writes the body that begins at `start`. */
  emit(start: number, scan: ScannedBody, { type, signature, given, charged, passing }: EmittedFunction): void {
    const out = this.#out;
    this.#bodyAt = out.beginSized();
    this.hints.clear();
    this.#given = given;
    this.#givenAt = 0;
    this.#start = start;
    this.#isPassing = passing;
    this.#inLocal =
      passing || (charged && !scan.handlesExceptions && (scan.hasLoop || scan.events.charges > MOST_IN_GLOBAL));
    this.#scratch = passing ? signature.parameters : scan.locals;
    this.#locals(start, scan);
    // A branch to the function's own label has to come past the place where the counter is written back.
    const wrapped = passing || (this.#inLocal && scan.leavesByBranch);
    this.#source = scan.codeStart;
    this.#isOutlined = false;
    this.#copyTo(scan.codeStart);
    for (let index = 0; index < scan.events.count; index += 1) {
      index = this.#event(scan.events.items, index, charged);
      if (index > 0 || !wrapped) continue;
      out.u8(OPCODE.block);
      out.copy(this.#context.resultBlock(type, signature));
    }
    this.#copyTo(scan.lastEnd);
    if (wrapped) out.u8(OPCODE.end);
    if (passing) this.#give(scan.endsSpilled);
    else if (!scan.endsSpilled) this.#spill();
    out.u8(OPCODE.end);
    out.endSized(this.#bodyAt);
  }

  /** Writes the code before an event, and what the event says. The index of the last event that this took in. */
  #event(events: Int32Array, index: number, charged: boolean): number {
    const at = index * EVENT_SIZE;
    this.#copyTo(events[at] ?? 0);
    const first = events[at + 2] ?? 0;
    const second = events[at + 3] ?? 0;
    switch (events[at + 1]) {
      case EVENT.charge:
        if (charged) this.#charge(first, second === 1, index === 0);
        return index;
      case EVENT.spill:
        this.#spill();
        return index;
      case EVENT.reload:
        this.#reload();
        return index;
      case EVENT.pass:
        this.#get();
        return index;
      case EVENT.take:
        this.#set();
        return index;
      case EVENT.give:
        this.#give(first === 1);
        return index;
      case EVENT.index:
        this.#out.u8(this.#code[this.#source] ?? 0);
        this.#out.u32(first);
        this.#source = second;
        return index;
      case EVENT.replace:
        this.#call(first);
        this.#source = second;
        return index;
      case EVENT.insert:
        this.#call(first);
        return index;
      case EVENT.constant:
        this.#constant(new ByteReader(this.#code, first, second).u64());
        return index;
      case EVENT.loop:
        if (!this.#inLocal || first === LOOP_FORM.plain) return index;
        return first === LOOP_FORM.unrolled ? this.#unrolled(events, index, second) : this.#outlined(events, index);
      case EVENT.loopEnd:
        if (this.#isOutlined) this.#endOutlined();
        return index;
      default:
        if (this.#isOutlined) this.#relabel(first, second);
        return index;
    }
  }

  /**
   * A loop of straight code, without a call in it so that the engine can do more with it:
   *
   *     block $done
   *       loop $outer
   *         block $one
   *           loop $several
   *             charge twice; br_if $one when below zero
   *             code; if not again: give back once, br $done
   *             code; br_if $several
   *             br $done
   *         give back twice; charge once, and call the host when below zero
   *         code; br_if $outer
   *
   * Near the end of a slice it goes once at a time, so fuel that is just enough is enough.
   */
  #unrolled(events: Int32Array, index: number, end: number): number {
    const out = this.#out;
    const cost = events[(index + 1) * EVENT_SIZE + 2] ?? 0;
    const start = events[(index + 1) * EVENT_SIZE] ?? 0;
    const [after, tail] = [events[end * EVENT_SIZE] ?? 0, events[end * EVENT_SIZE + 2] ?? 0];
    const given = this.#givenAt;
    const code = (): void => {
      this.#source = start;
      this.#givenAt = given;
      for (let inner = index + 2; inner < end - 1; inner += 1) this.#event(events, inner, true);
      this.#copyTo(tail);
    };
    for (const opcode of [OPCODE.block, OPCODE.loop, OPCODE.block, OPCODE.loop]) {
      out.u8(opcode);
      out.u8(EMPTY);
    }
    this.#adjust(I32_SUB, COPIES * cost, OPCODE.localTee);
    this.#branchBelowZero(1);
    for (let left = COPIES - 1; left > 0; left -= 1) {
      code();
      out.u8(I32_EQZ);
      this.#hint(tail, -1);
      out.u8(OPCODE.if);
      out.u8(EMPTY);
      this.#adjust(I32_ADD, left * cost, OPCODE.localSet);
      this.#branch(OPCODE.br, 4);
      out.u8(OPCODE.end);
    }
    code();
    this.#hint(tail, 1);
    this.#branch(OPCODE.brIf, 0);
    this.#branch(OPCODE.br, 3);
    out.u8(OPCODE.end);
    out.u8(OPCODE.end);
    this.#adjust(I32_ADD, COPIES * cost, OPCODE.localSet);
    this.#charge(cost, true, false);
    code();
    this.#hint(tail, 1);
    this.#branch(OPCODE.brIf, 0);
    out.u8(OPCODE.end);
    out.u8(OPCODE.end);
    this.#source = after + 1;
    return end - 2;
  }

  /**
   * Any other innermost loop without calls, with the host called outside of it:
   *
   *     block $done
   *       loop $outer
   *         block $below
   *           loop: charge; br_if $below when below zero; code
   *           br $done
   *         call the host, give back; br $outer
   */
  #outlined(events: Int32Array, index: number): number {
    const out = this.#out;
    const [start, next] = [events[index * EVENT_SIZE] ?? 0, events[(index + 1) * EVENT_SIZE] ?? 0];
    this.#outlinedCost = events[(index + 1) * EVENT_SIZE + 2] ?? 0;
    this.#isOutlined = true;
    out.u8(OPCODE.block);
    out.copy(this.#code, start + 1, next);
    out.copy(this.#code, start, next);
    out.u8(OPCODE.block);
    out.u8(EMPTY);
    this.#copyTo(next);
    this.#adjust(I32_SUB, this.#outlinedCost, OPCODE.localTee);
    this.#branchBelowZero(1);
    return index + 1;
  }

  #endOutlined(): void {
    const out = this.#out;
    this.#isOutlined = false;
    this.#copyTo(this.#source + 1);
    this.#branch(OPCODE.br, 2);
    out.u8(OPCODE.end);
    this.#local(OPCODE.localGet);
    this.#call(this.#context.helpers.refillLocal);
    out.u8(OPCODE.i32Const);
    out.signed(this.#outlinedCost);
    out.u8(I32_ADD);
    this.#local(OPCODE.localSet);
    this.#branch(OPCODE.br, 0);
    out.u8(OPCODE.end);
    out.u8(OPCODE.end);
  }

  /** Writes a branch of which the labels from `outside` on lie further out than before, and goes on after it, at `next`. */
  #relabel(outside: number, next: number): void {
    const reader = new ByteReader(this.#code, this.#source, next);
    const label = (): void => {
      const depth = reader.u32();
      this.#out.u32(depth > outside ? depth + OUTLINED_LABELS : depth);
    };
    this.#noteHints(this.#source, next);
    const opcode = reader.u8();
    this.#out.u8(opcode);
    if (opcode === OPCODE.brTable) {
      const count = reader.u32();
      this.#out.u32(count);
      for (let left = count; left > 0; left -= 1) label();
    }
    label();
    this.#source = next;
  }

  /** Adds units to the local, or takes them off. */
  #adjust(operation: number, units: number, opcode: number): void {
    this.#local(OPCODE.localGet);
    this.#out.u8(OPCODE.i32Const);
    this.#out.signed(units);
    this.#out.u8(operation);
    this.#local(opcode);
  }

  /** Goes to a label when the units on the stack are below zero. */
  #branchBelowZero(depth: number): void {
    this.#out.u8(OPCODE.i32Const);
    this.#out.u8(0);
    this.#out.u8(I32_LT_S);
    this.#hintHere(0, 0);
    this.#branch(OPCODE.brIf, depth);
  }

  #constant(value: bigint): void {
    this.#out.u8(OPCODE.i64Const);
    this.#out.copy(Uint8Array.from(signedLeb128(BigInt.asIntN(64, value))));
  }

  #branch(opcode: number, depth: number): void {
    this.#out.u8(opcode);
    this.#out.u32(depth);
  }

  /** Hints, for the instruction that comes next, what the module does for the one at `position`, or the opposite. */
  #hint(position: number, sign: 1 | -1): void {
    const given = this.#given.find(({ offset }) => this.#start + offset === position);
    if (given === undefined) return;
    this.#hintHere(0, sign === 1 ? given.value : 1 - given.value);
  }

  #locals(start: number, scan: ScannedBody): void {
    const out = this.#out;
    if (this.#isPassing) {
      this.#movedLocals(start, scan.codeStart);
      return;
    }
    if (!this.#inLocal && scan.checks === 0) {
      this.#out.copy(this.#code, start, scan.codeStart);
      return;
    }
    let groups = 0;
    let position = start;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#code[position] ?? 0;
      position += 1;
      groups += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    out.u32(groups + 1);
    this.#out.copy(this.#code, position, scan.codeStart);
    out.u8(1);
    out.u8(I32);
  }

  /** The first local goes behind the last. */
  #movedLocals(start: number, end: number): void {
    const reader = new ByteReader(this.#code, start, end);
    const groups = Array.from({ length: reader.u32() }, () => {
      const count = reader.u32();
      const typeAt = reader.offset;
      skipValueType(reader);
      return { count, type: this.#code.subarray(typeAt, reader.offset) };
    });
    const first = groups.findIndex(({ count }) => count > 0);
    const moved = groups[first];
    const written = moved === undefined ? groups : [...groups, { count: 1, type: moved.type }];
    this.#out.u32(written.length);
    for (const [index, { count, type }] of written.entries()) {
      this.#out.u32(index === first ? count - 1 : count);
      this.#out.copy(type);
    }
  }

  /** Takes units off the counter and, where asked, calls the host when it is below zero. */
  #charge(units: number, look: boolean, entry: boolean): void {
    const isLoaded = !entry || this.#isPassing;
    if (units === 0 && !look && (isLoaded || !this.#inLocal)) return;
    const out = this.#out;
    const fromLocal = this.#inLocal && isLoaded;
    if (fromLocal) this.#local(OPCODE.localGet);
    else this.#global(OPCODE.globalGet);
    if (units > 0) {
      out.u8(OPCODE.i32Const);
      out.signed(units);
      out.u8(I32_SUB);
    }
    if (!look) {
      if (this.#inLocal) this.#local(OPCODE.localSet);
      else this.#global(OPCODE.globalSet);
      return;
    }
    this.#local(OPCODE.localTee);
    if (!this.#inLocal) {
      this.#global(OPCODE.globalSet);
      this.#local(OPCODE.localGet);
    }
    out.u8(OPCODE.i32Const);
    out.u8(0);
    out.u8(I32_LT_S);
    this.#hintHere(0, 0);
    out.u8(OPCODE.if);
    out.u8(EMPTY);
    if (this.#inLocal) {
      this.#local(OPCODE.localGet);
      this.#call(this.#context.helpers.refillLocal);
      this.#local(OPCODE.localSet);
    } else {
      this.#call(this.#context.helpers.refill);
    }
    out.u8(OPCODE.end);
  }

  /** Puts the counter on the stack. */
  #get(): void {
    if (this.#inLocal) this.#local(OPCODE.localGet);
    else this.#global(OPCODE.globalGet);
  }

  /** Takes the counter from the stack. */
  #set(): void {
    if (this.#inLocal) this.#local(OPCODE.localSet);
    else this.#global(OPCODE.globalSet);
  }

  /** Puts the counter on the stack for who called the function. */
  #give(fromGlobal: boolean): void {
    if (fromGlobal) this.#global(OPCODE.globalGet);
    else this.#local(OPCODE.localGet);
  }

  #spill(): void {
    if (!this.#inLocal) return;
    this.#local(OPCODE.localGet);
    this.#global(OPCODE.globalSet);
  }

  #reload(): void {
    if (!this.#inLocal) return;
    this.#global(OPCODE.globalGet);
    this.#local(OPCODE.localSet);
  }

  #call(index: number): void {
    this.#out.u8(OPCODE.call);
    this.#out.u32(index);
  }

  #local(opcode: number): void {
    this.#out.u8(opcode);
    this.#out.u32(this.#scratch);
  }

  #global(opcode: number): void {
    this.#out.u8(opcode);
    this.#out.u32(this.#context.counter);
  }

  #copyTo(position: number): void {
    if (position <= this.#source) return;
    this.#noteHints(this.#source, position);
    this.#out.copy(this.#code, this.#source, position);
    this.#source = position;
  }

  /** Hints for the instruction that comes next, or so many bytes after. */
  #hintHere(after: number, value: number): void {
    this.hints.push(this.#out.length - this.#bodyAt + after, value);
  }

  /** Notes where instructions with a hint come to lie that are about to be copied as they are. */
  #noteHints(from: number, to: number): void {
    for (; this.#givenAt < this.#given.length; this.#givenAt += 1) {
      const hint = this.#given[this.#givenAt];
      if (hint === undefined || this.#start + hint.offset >= to) break;
      if (this.#start + hint.offset < from) continue;
      this.#hintHere(this.#start + hint.offset - from, hint.value);
    }
  }
}
