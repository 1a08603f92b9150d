import { OPCODE } from "../read/opcodes.ts";
import { type BranchHint, HintList } from "./branch-hints.ts";
import type { ByteWriter } from "./byte-writer.ts";
import type { HelperFunctions } from "./helper-functions.ts";
import type { PositionLog } from "./position-log.ts";

const EMPTY = 0x40;
const [I32_LT_S, I32_ADD, I32_SUB] = [0x48, 0x6a, 0x6b];

/** What code that deals with the counter refers to. */
export interface CounterContext {
  /** The global that holds it. */
  readonly counter: number;
  readonly helpers: HelperFunctions;
  /** Told what is copied where, if anybody asks. */
  readonly positions?: PositionLog | undefined;
}

/** Where a body has the counter. */
export interface CounterPlace {
  /** Whether it is kept in a local, and in the global only while other functions run. */
  readonly inLocal: boolean;
  /** Whether the local holds it where the body begins. */
  readonly isParameter: boolean;
  /** That local; in a body that keeps the counter in the global, one to compute in. */
  readonly local: number;
}

/** A place in a body that is copied. */
export interface SourceMark {
  readonly source: number;
  readonly nextHint: number;
}

/** Writes one body after the other: copies code, with the branch hints that are given for it, and puts code for the counter in between. */
export class BodyWriter {
  /** The branch hints of the body, in order. */
  readonly hints: HintList = new HintList();
  readonly out: ByteWriter;
  readonly code: Uint8Array;
  /** What of `code` is copied next. */
  source: number = 0;
  inLocal: boolean = false;
  #isParameter = false;
  #local = 0;
  readonly #context: CounterContext;
  /** Where the body begins in `out` and in `code`, after its size. */
  #bodyAt = 0;
  #start = 0;
  /** The hints that the module has for the body, and which of them comes next. */
  #given: readonly BranchHint[] = [];
  #nextHint = 0;

  /** Bodies are of `code`, and are written to `out`. */
  constructor(code: Uint8Array, out: ByteWriter, context: CounterContext) {
    this.code = code;
    this.out = out;
    this.#context = context;
  }

  /** Begins the body at `start`. */
  begin(start: number, { inLocal, isParameter, local }: CounterPlace, given: readonly BranchHint[]): void {
    this.#bodyAt = this.out.beginSized();
    this.#context.positions?.begin();
    this.#start = start;
    this.source = start;
    this.inLocal = inLocal;
    this.#isParameter = isParameter;
    this.#local = local;
    this.hints.clear();
    this.#given = given;
    this.#nextHint = 0;
  }

  /** Ends it. */
  end(): void {
    this.out.u8(OPCODE.end);
    this.#context.positions?.end();
    this.out.endSized(this.#bodyAt);
  }

  /** Copies code up to a position. */
  copyTo(position: number): void {
    if (position <= this.source) return;
    this.noteHints(this.source, position);
    this.notePosition(this.source, position - this.source);
    this.out.copy(this.code, this.source, position);
    this.source = position;
  }

  /** Notes that what is written next was at `source`, for so many bytes; what is written behind them is for what followed them. */
  notePosition(source: number, length: number): void {
    this.#context.positions?.note(this.out.length - this.#bodyAt, source - this.#start, length);
  }

  /** Goes on at another place than behind what was copied last. */
  goOn(source: number): void {
    this.source = source;
    this.notePosition(source, 0);
  }

  /** A place to go back to, up to which all hints are noted. */
  mark(source: number): SourceMark {
    return { source, nextHint: this.#nextHint };
  }

  /** Has the code from a place on be copied again. */
  goBack({ source, nextHint }: SourceMark): void {
    this.goOn(source);
    this.#nextHint = nextHint;
  }

  /** Notes where instructions with a hint come to lie that are about to be copied as they are. */
  noteHints(from: number, to: number): void {
    for (; this.#nextHint < this.#given.length; this.#nextHint += 1) {
      const hint = this.#given[this.#nextHint];
      if (hint === undefined || this.#start + hint.offset >= to) break;
      if (this.#start + hint.offset < from) continue;
      this.hintAfter(this.#start + hint.offset - from, hint.value);
    }
  }

  /** Hints for the instruction that is written next, or so many bytes after. */
  hintAfter(bytes: number, value: number): void {
    this.hints.push(this.out.length - this.#bodyAt + bytes, value);
  }

  /** Hints, for the instruction that is written next, what the module does for the one at `position`, or the opposite. */
  hintLike(position: number, sign: 1 | -1): void {
    const given = this.#given.find(({ offset }) => this.#start + offset === position);
    if (given !== undefined) this.hintAfter(0, sign === 1 ? given.value : 1 - given.value);
  }

  /**
   * Takes units off the counter and, with `checks`, calls the host when it is below zero. At the entry the counter is in the global, and
   * from there on in the local, if it is kept in one.
   */
  charge(units: number, checks: boolean, isEntry: boolean): void {
    const isLoaded = !isEntry || this.#isParameter;
    const isNothing = units === 0 && !checks;
    if (isNothing && (isLoaded || !this.inLocal)) return;
    const out = this.out;
    if (this.inLocal && isLoaded) this.local(OPCODE.localGet);
    else this.global(OPCODE.globalGet);
    if (units > 0) {
      out.u8(OPCODE.i32Const);
      out.signed(units);
      out.u8(I32_SUB);
    }
    if (!checks) {
      this.setCounter();
      return;
    }
    this.local(OPCODE.localTee);
    if (!this.inLocal) {
      this.global(OPCODE.globalSet);
      this.local(OPCODE.localGet);
    }
    this.#isBelowZero();
    out.u8(OPCODE.if);
    out.u8(EMPTY);
    if (this.inLocal) this.refillLocal();
    else this.call(this.#context.helpers.refill);
    out.u8(OPCODE.end);
  }

  /** Calls the host for the counter in the local, and gives back units on top of what it grants, if any are given. */
  refillLocal(givenBack?: number): void {
    this.local(OPCODE.localGet);
    this.call(this.#context.helpers.refillLocal);
    if (givenBack !== undefined) this.#add(givenBack);
    this.local(OPCODE.localSet);
  }

  /** Takes units off the local, and goes to a label when it is below zero then. */
  chargeOrBranch(units: number, label: number): void {
    this.local(OPCODE.localGet);
    this.out.u8(OPCODE.i32Const);
    this.out.signed(units);
    this.out.u8(I32_SUB);
    this.local(OPCODE.localTee);
    this.#isBelowZero();
    this.branch(OPCODE.brIf, label);
  }

  /** Gives units back to the local. */
  giveBack(units: number): void {
    this.local(OPCODE.localGet);
    this.#add(units);
    this.local(OPCODE.localSet);
  }

  /** Puts the counter on the stack. */
  getCounter(): void {
    if (this.inLocal) this.local(OPCODE.localGet);
    else this.global(OPCODE.globalGet);
  }

  /** Takes the counter from the stack. */
  setCounter(): void {
    if (this.inLocal) this.local(OPCODE.localSet);
    else this.global(OPCODE.globalSet);
  }

  /** Has the global hold the counter, for other functions. */
  spill(): void {
    if (!this.inLocal) return;
    this.local(OPCODE.localGet);
    this.global(OPCODE.globalSet);
  }

  /** Has the local hold it again. */
  reload(): void {
    if (!this.inLocal) return;
    this.global(OPCODE.globalGet);
    this.local(OPCODE.localSet);
  }

  call(index: number): void {
    this.out.u8(OPCODE.call);
    this.out.u32(index);
  }

  branch(opcode: number, label: number): void {
    this.out.u8(opcode);
    this.out.u32(label);
  }

  /** An instruction on the local. */
  local(opcode: number): void {
    this.out.u8(opcode);
    this.out.u32(this.#local);
  }

  /** An instruction on the global. */
  global(opcode: number): void {
    this.out.u8(opcode);
    this.out.u32(this.#context.counter);
  }

  #add(units: number): void {
    this.out.u8(OPCODE.i32Const);
    this.out.signed(units);
    this.out.u8(I32_ADD);
  }

  /** Compares what is on the stack with zero; what branches by it next seldom does. */
  #isBelowZero(): void {
    this.out.u8(OPCODE.i32Const);
    this.out.u8(0);
    this.out.u8(I32_LT_S);
    this.hintAfter(0, 0);
  }
}
