import { MalformedError } from "../../shared/byte-reader.ts";
import type { InstructionCursor } from "../read/instruction-cursor.ts";
import { OPCODE } from "../read/opcodes.ts";
import type { BasicBlock } from "./basic-block.ts";
import { type BodyContext, EVENT } from "./body-events.ts";
import type { ScanState } from "./scan-state.ts";
import { sinceEntry } from "./unchecked.ts";

/** The function whose body is scanned. */
interface Caller {
  readonly index: number;
  /** The local that it is given the counter in; below zero when it is not. */
  readonly counterLocal: number;
}

/** Calls, and the instructions that become calls of a helper: who charges them, and where the counter is while they run. */
export class CallScanner {
  /** Whether the body calls anything that charges for itself, or ends in a tail call. */
  hasCalls: boolean = false;
  /** Whether it calls itself by name. */
  callsItself: boolean = false;

  readonly #cursor: InstructionCursor;
  readonly #context: BodyContext;
  readonly #block: BasicBlock;
  #caller: Caller = { index: 0, counterLocal: -1 };

  constructor({ cursor, context, block }: ScanState) {
    this.#cursor = cursor;
    this.#context = context;
    this.#block = block;
  }

  /** Begins a body. */
  enter(caller: Caller): void {
    this.hasCalls = false;
    this.callsItself = false;
    this.#caller = caller;
  }

  call(): void {
    const { start, position, opcode, first } = this.#cursor;
    const block = this.#block;
    const wholeCost = this.#wholeCost();
    const passes = opcode === OPCODE.call && this.#context.plan.passing[first] === 1;
    // In dead code, too: the types have to be right there.
    if (passes) this.#pass(start, position);
    if (block.isDead) return;
    if (wholeCost >= 0) {
      // Its code is as if it were part of this block: it calls nothing, checks nothing and leaves the counter alone.
      block.cost += wholeCost;
      return;
    }
    block.cost += this.#entryCost();
    if (opcode === OPCODE.call && first === this.#caller.index) this.callsItself = true;
    if (!passes) block.spill(start);
    this.#count();
  }

  /** A tail call, as far as it is a call; the function is left then. */
  tailCall(): void {
    const block = this.#block;
    block.cost += Math.max(this.#wholeCost(), 0) + this.#entryCost();
    this.hasCalls = true;
    // A chain of tail calls is a loop, so each link needs a check of its own.
    if (sinceEntry(block.unchecked) >= 0) block.calls += 1;
  }

  /** A return, or what traps: who called the function finds the counter where it expects it. */
  leave(): void {
    const { start, opcode } = this.#cursor;
    const block = this.#block;
    if (this.#caller.counterLocal >= 0 && opcode === OPCODE.return) {
      // In dead code, too: the types have to be right there.
      block.events.push(start, EVENT.give, block.isSpilled && !block.isDead ? 1 : 0, 0);
    } else {
      block.spill(start);
    }
    block.isSpilled = false;
  }

  /** The instruction becomes the call of a helper that has its type. */
  replace(): void {
    const { opcode, first, second, start, position } = this.#cursor;
    this.#callHelper(start);
    this.#block.push(start, EVENT.replace, this.#context.helpers.replacing(opcode, first, second), position);
  }

  /** The length on top of the stack is charged by a helper, which gives it back. */
  measure(): void {
    const { opcode, first, second, start } = this.#cursor;
    this.#callHelper(start);
    this.#block.push(start, EVENT.insert, this.#context.helpers.measuring(opcode, first, second), 0);
  }

  /** The instruction becomes the call of a helper, which also gets the address's offset and does not need the counter. */
  wait(): void {
    const { opcode, first, start, position, offsetAt } = this.#cursor;
    this.#block.push(start, EVENT.constant, offsetAt, position);
    this.#block.push(start, EVENT.replace, this.#context.helpers.waiting(opcode, first), position);
  }

  /** Hands the counter to a function that takes it as a parameter and gives it back as a result. */
  #pass(start: number, end: number): void {
    const block = this.#block;
    block.reload(start);
    block.events.push(start, EVENT.pass, 0, 0);
    block.events.push(end, EVENT.take, 0, 0);
  }

  #callHelper(start: number): void {
    this.#block.spill(start);
    this.#count();
  }

  #count(): void {
    this.#block.countCall();
    this.hasCalls = true;
  }

  /** What the function that is called costs, if that is charged here; below zero when it charges for itself. */
  #wholeCost(): number {
    const { opcode, first, start } = this.#cursor;
    if (opcode !== OPCODE.call && opcode !== OPCODE.returnCall) {
      // By a reference, or a table: the type that it has to be of.
      if (first >= this.#context.types) throw new MalformedError(start, "a type that does not exist");
      return -1;
    }
    if (first >= this.#context.functions) throw new MalformedError(start, "a function that does not exist");
    return this.#context.plan.wholeCosts[first] ?? -1;
  }

  /** What the function that is called costs up to its first check, if that is charged here. */
  #entryCost(): number {
    const { opcode, first } = this.#cursor;
    if (opcode !== OPCODE.call && opcode !== OPCODE.returnCall) return 0;
    return Math.max(this.#context.plan.entryCosts[first] ?? 0, 0);
  }
}
