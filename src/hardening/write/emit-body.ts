import { ByteReader } from "../../shared/byte-reader.ts";
import { EVENT, EVENT_SIZE, LOOP_FORM } from "../meter/body-events.ts";
import type { ScannedBody } from "../meter/scanned-body.ts";
import { OPCODE } from "../read/opcodes.ts";
import { type Signature, skipValueType } from "../read/type-section.ts";
import { BodyWriter, type CounterContext } from "./body-writer.ts";
import type { BranchHint, HintList } from "./branch-hints.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { signedLeb128 } from "./leb128.ts";
import { LoopWriter } from "./loop-writer.ts";

const I32 = 0x7f;

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
export interface EmitContext extends CounterContext {
  /** A block type for a block that takes nothing and gives what a function of this type gives: its encoding. */
  readonly resultBlock: (type: number, signature: Signature) => Uint8Array;
}

/**
 * Writes a function's body anew, by what a scanner found. Where the counter is:
 *
 * | in | in functions | because |
 * | --- | --- | --- |
 * | a parameter, and a result | that are called by name alone; see `passing-functions.ts` | it stays in a register across calls |
 * | a local, and in the global while other functions run | with a loop, or more than {@link MOST_IN_GLOBAL} places to charge | they would load and store it often |
 * | the global | that charge seldom, and those that handle exceptions | an exception may come from any call, and a handler has to find it |
 */
export class BodyEmitter {
  readonly #context: EmitContext;
  readonly #writer: BodyWriter;
  readonly #loops: LoopWriter;
  #isCharged = false;

  /** Bodies are of `code`, and are written to `out`, each with its size in front. */
  constructor(code: Uint8Array, out: ByteWriter, context: EmitContext) {
    this.#context = context;
    this.#writer = new BodyWriter(code, out, context);
    this.#loops = new LoopWriter(this.#writer, (events, index) => this.#event(events, index));
  }

  /** The branch hints of the body that was written last, in order. */
  get hints(): HintList {
    return this.#writer.hints;
  }

  /** Writes the body that begins at `start`. */
  emit(start: number, body: ScannedBody, { type, signature, given, charged, passing }: EmittedFunction): void {
    const writer = this.#writer;
    const { events, codeStart, endsSpilled } = body;
    const isWorthLocal = body.hasLoop || events.charges > MOST_IN_GLOBAL;
    const inLocal = passing || (charged && !body.handlesExceptions && isWorthLocal);
    writer.begin(start, { inLocal, isParameter: passing, local: passing ? signature.parameters : body.locals }, given);
    this.#isCharged = charged;
    this.#loops.begin();
    writer.notePosition(start, 0);
    if (passing) this.#movedLocals(start, codeStart);
    else if (inLocal || body.checks > 0) this.#oneLocalMore(start, codeStart);
    else writer.out.copy(writer.code, start, codeStart);
    writer.source = codeStart;
    writer.notePosition(codeStart, 0);
    // A branch to the function's own label has to come past the place where the counter is written back.
    const isWrapped = passing || (inLocal && body.leavesByBranch);
    for (let index = 0; index < events.count; index += 1) {
      index = this.#event(events.items, index);
      if (index > 0 || !isWrapped) continue;
      writer.out.u8(OPCODE.block);
      writer.out.copy(this.#context.resultBlock(type, signature));
    }
    writer.copyTo(body.lastEnd);
    if (isWrapped) writer.out.u8(OPCODE.end);
    if (passing) this.#give(endsSpilled);
    else if (!endsSpilled) writer.spill();
    writer.end();
  }

  /** Writes the code before an event, and what the event says; gives the index of the last event that this took in. */
  #event(events: Int32Array, index: number): number {
    const writer = this.#writer;
    const at = index * EVENT_SIZE;
    writer.copyTo(events[at] ?? 0);
    const first = events[at + 2] ?? 0;
    const second = events[at + 3] ?? 0;
    switch (events[at + 1]) {
      case EVENT.charge:
        if (this.#isCharged) writer.charge(first, second === 1, index === 0);
        return index;
      case EVENT.spill:
        writer.spill();
        return index;
      case EVENT.reload:
        writer.reload();
        return index;
      case EVENT.pass:
        writer.getCounter();
        return index;
      case EVENT.take:
        writer.setCounter();
        return index;
      case EVENT.give:
        this.#give(first === 1);
        return index;
      case EVENT.index:
        writer.out.u8(writer.code[writer.source] ?? 0);
        writer.out.u32(first);
        writer.goOn(second);
        return index;
      case EVENT.replace:
        writer.call(first);
        writer.goOn(second);
        return index;
      case EVENT.insert:
        writer.call(first);
        return index;
      case EVENT.constant:
        this.#constant(first, second);
        return index;
      case EVENT.loop:
        if (!writer.inLocal || first === LOOP_FORM.plain) return index;
        return first === LOOP_FORM.unrolled
          ? this.#loops.unrolled(events, index, second)
          : this.#loops.beginOutlined(events, index);
      case EVENT.loopEnd:
        this.#loops.endOutlined();
        return index;
      default:
        this.#loops.exit(first, second);
        return index;
    }
  }

  /** Puts the counter on the stack for those who called the function. */
  #give(isInGlobal: boolean): void {
    if (isInGlobal) this.#writer.global(OPCODE.globalGet);
    else this.#writer.local(OPCODE.localGet);
  }

  /** A constant of 64 bits, of the unsigned integer between two positions. */
  #constant(start: number, end: number): void {
    const { code, out } = this.#writer;
    const value = new ByteReader(code, start, end).u64();
    out.u8(OPCODE.i64Const);
    out.copy(Uint8Array.from(signedLeb128(BigInt.asIntN(64, value))));
  }

  /** The declarations of locals, and one more: an i32, behind all others. */
  #oneLocalMore(start: number, end: number): void {
    const { code, out } = this.#writer;
    const reader = new ByteReader(code, start, end);
    out.u32(reader.u32() + 1);
    out.copy(code, reader.offset, end);
    out.u8(1);
    out.u8(I32);
  }

  /** The declarations of locals with the first behind the last, since its index is the counter's. */
  #movedLocals(start: number, end: number): void {
    const { code, out } = this.#writer;
    const reader = new ByteReader(code, start, end);
    const groups = Array.from({ length: reader.u32() }, () => {
      const count = reader.u32();
      const typeAt = reader.offset;
      skipValueType(reader);
      return { count, type: code.subarray(typeAt, reader.offset) };
    });
    const first = groups.findIndex(({ count }) => count > 0);
    const moved = groups[first];
    const written = moved === undefined ? groups : [...groups, { count: 1, type: moved.type }];
    out.u32(written.length);
    for (const [index, { count, type }] of written.entries()) {
      out.u32(index === first ? count - 1 : count);
      out.copy(type);
    }
  }
}
