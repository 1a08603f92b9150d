import type { BranchHint } from "./branch-hints.ts";
import { ByteWriter } from "./byte-writer.ts";
import type { HelperFunctions } from "./helper-functions.ts";
import { OPCODE } from "./opcodes.ts";
import { type BodyScanner, EVENT, EVENT_SIZE } from "./scan-body.ts";
import type { Signature } from "./type-section.ts";

const I32 = 0x7f;
const EMPTY = 0x40;
const [I32_LT_S, I32_SUB] = [0x48, 0x6b];

/** A function whose body is written. */
export interface EmittedFunction {
  readonly type: number;
  readonly signature: Signature;
  /** Its own branch hints. */
  readonly given: readonly BranchHint[];
  /** Whether it charges for itself. */
  readonly charged: boolean;
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
 * arrive in a handler from any call, work on the global.
 */
export class BodyEmitter {
  /** The body that was written last, without its size. */
  readonly body: ByteWriter = new ByteWriter(64 * 1024);
  /** The branch hints of that body, in order. */
  hints: BranchHint[] = [];

  readonly #code: Uint8Array;
  readonly #context: EmitContext;
  #source = 0;
  #inLocal = false;
  #scratch = 0;
  #given: readonly BranchHint[] = [];
  #givenAt = 0;
  #start = 0;

  constructor(code: Uint8Array, context: EmitContext) {
    this.#code = code;
    this.#context = context;
  }

  /** Writes the body that begins at `start`. */
  emit(start: number, scan: BodyScanner, { type, signature, given, charged }: EmittedFunction): void {
    const out = this.body;
    out.clear();
    this.hints = [];
    this.#given = given;
    this.#givenAt = 0;
    this.#start = start;
    this.#inLocal = charged && scan.levelCost < 0 && !scan.handlesExceptions;
    this.#scratch = scan.locals;
    this.#locals(start, scan);
    // A branch to the function's own label has to come past the place where the counter is written back.
    const wrapped = this.#inLocal && scan.leavesByBranch;
    this.#source = scan.codeStart;
    const { events, eventCount } = scan;
    for (let index = 0; index < eventCount; index += 1) {
      const at = index * EVENT_SIZE;
      this.#copyTo(events[at] ?? 0);
      const [first, second] = [events[at + 2] ?? 0, events[at + 3] ?? 0];
      switch (events[at + 1]) {
        case EVENT.charge:
          if (charged) this.#charge(first, second === 1, index === 0);
          if (index === 0 && wrapped) {
            out.u8(OPCODE.block);
            out.copy(this.#context.resultBlock(type, signature));
          }
          break;
        case EVENT.spill:
          this.#spill();
          break;
        case EVENT.reload:
          this.#reload();
          break;
        case EVENT.global:
          out.u8(this.#code[this.#source] ?? 0);
          out.u32(first);
          this.#source = second;
          break;
        case EVENT.replace:
          this.#call(first);
          this.#source = second;
          break;
        default:
          this.#call(first);
      }
    }
    this.#copyTo(scan.lastEnd);
    if (wrapped) out.u8(OPCODE.end);
    if (!scan.endsSpilled) this.#spill();
    out.u8(OPCODE.end);
  }

  #locals(start: number, scan: BodyScanner): void {
    const out = this.body;
    if (!this.#inLocal && !scan.checks) {
      this.#copyFrom(start, scan.codeStart);
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
    this.#copyFrom(position, scan.codeStart);
    out.u8(1);
    out.u8(I32);
  }

  /** Takes units off the counter and, where asked, calls the host when it is below zero. */
  #charge(units: number, look: boolean, entry: boolean): void {
    if (units === 0 && !look && !(entry && this.#inLocal)) return;
    const out = this.body;
    const fromLocal = this.#inLocal && !entry;
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
    this.hints.push({ offset: out.length, value: 0 });
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
    this.body.u8(OPCODE.call);
    this.body.u32(index);
  }

  #local(opcode: number): void {
    this.body.u8(opcode);
    this.body.u32(this.#scratch);
  }

  #global(opcode: number): void {
    this.body.u8(opcode);
    this.body.u32(this.#context.counter);
  }

  #copyTo(position: number): void {
    this.#copyFrom(this.#source, position);
    this.#source = position;
  }

  /** Copies instructions as they are, and notes where those with a hint come to lie. */
  #copyFrom(from: number, to: number): void {
    for (; this.#givenAt < this.#given.length; this.#givenAt += 1) {
      const hint = this.#given[this.#givenAt];
      if (hint === undefined || this.#start + hint.offset >= to) break;
      if (this.#start + hint.offset < from) continue;
      this.hints.push({ offset: this.body.length + this.#start + hint.offset - from, value: hint.value });
    }
    this.body.copy(this.#code, from, to);
  }
}
