import type { BasicBlock } from "./basic-block.ts";
import { EVENT, EVENT_SIZE, LOOP_FORM } from "./body-events.ts";
import type { ControlFrame } from "./control-stack.ts";
import { UNROLLED_BYTES } from "./fuel-costs.ts";

/** Block types of one byte that take nothing: no result, and value types. */
const [NO_RESULT, FIRST_TYPE, LAST_TYPE] = [0x40, 0x65, 0x7f];

/** Chooses the form in which each loop of a body is written: see `emit-body.ts` for what they are. */
export class LoopForms {
  readonly #code: Uint8Array;
  /** How many loops began. */
  #loops = 0;
  #keepsPlain = false;

  constructor(code: Uint8Array) {
    this.#code = code;
  }

  /** Begins a body. */
  reset(): void {
    this.#loops = 0;
    this.#keepsPlain = false;
  }

  /** Every loop that ends from here on stays plain, since control goes where this does not follow it: to handlers, by casts. */
  keepPlain(): void {
    this.#keepsPlain = true;
  }

  /** A loop begins, whose event is the next. */
  begin(loop: ControlFrame, block: BasicBlock): void {
    this.#loops += 1;
    loop.loopEvent = block.isDead ? -1 : block.events.count;
    loop.loopNumber = this.#loops;
    loop.callsBeforeLoop = block.callsSoFar;
    loop.checksBeforeLoop = block.checksSoFar;
    loop.backEdge = -1;
    loop.backEdgeEnd = -1;
  }

  /**
   * The form of a loop whose `end` is at `position`, one of `LOOP_FORM`. An innermost loop whose head has its only check, and that calls
   * nothing, is unrolled when it is one short block, and else has its slow path moved out. All others stay plain.
   */
  form(loop: ControlFrame, { events, callsSoFar, checksSoFar }: BasicBlock, position: number): number {
    const began = events.items[loop.loopEvent * EVENT_SIZE] ?? 0;
    const type = this.#code[began + 1] ?? 0;
    const takesNothing = type === NO_RESULT || (type >= FIRST_TYPE && type <= LAST_TYPE);
    const isInnermost = this.#loops === loop.loopNumber;
    const hasOneCheck = checksSoFar - loop.checksBeforeLoop <= 1;
    const callsNothing = callsSoFar === loop.callsBeforeLoop;
    if (this.#keepsPlain || !takesNothing || !isInnermost || !hasOneCheck || !callsNothing) return LOOP_FORM.plain;
    const isOneBlock = loop.backEdge >= 0 && loop.backEdgeEnd === position && type === NO_RESULT;
    const isShort = isOneBlock && loop.backEdge - began <= UNROLLED_BYTES;
    // Between the charge at the head and the one that follows the branch at its end.
    const [first, last] = [loop.loopEvent + 2, events.count - 1];
    return isShort && isCopiable(events.items, first, last) ? LOOP_FORM.unrolled : LOOP_FORM.outlined;
  }
}

/** Whether events do no more than change indices, so that code may be written several times with them. */
function isCopiable(events: Int32Array, from: number, to: number): boolean {
  for (let at = from * EVENT_SIZE; at < to * EVENT_SIZE; at += EVENT_SIZE) {
    const isNothing = events[at + 1] === EVENT.charge && events[at + 2] === 0;
    if (!isNothing && events[at + 1] !== EVENT.index) return false;
  }
  return true;
}
