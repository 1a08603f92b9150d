import { EVENT, EVENT_SIZE, LOOP_FORM } from "./body-events.ts";
import { COMPLEXITY } from "../bound/complexity.ts";
import { UNROLLED_BYTES } from "./fuel-costs.ts";

/** Block types of one byte that bring nothing in: none, and value types. */
const [NO_RESULT, FIRST_TYPE, LAST_TYPE] = [0x40, 0x65, 0x7f];

/** What was counted in a body so far. */
interface Counts {
  /** Calls of other functions. */
  readonly calls: number;
  /** Charges that look at the counter. */
  readonly looks: number;
}

/** What there is to know of a loop at its end. */
interface LoopEnd extends Counts {
  readonly events: Int32Array;
  readonly eventCount: number;
  /** Where its `end` is. */
  readonly position: number;
}

/** The loops among the open blocks of a body, and in which form each can be written. */
export class LoopFrames {
  readonly #code: Uint8Array;
  readonly #event: Int32Array = new Int32Array(COMPLEXITY.depth + 1);
  readonly #count: Int32Array = new Int32Array(COMPLEXITY.depth + 1);
  readonly #calls: Int32Array = new Int32Array(COMPLEXITY.depth + 1);
  readonly #looks: Int32Array = new Int32Array(COMPLEXITY.depth + 1);
  readonly #tail: Int32Array = new Int32Array(COMPLEXITY.depth + 1);
  readonly #tailEnd: Int32Array = new Int32Array(COMPLEXITY.depth + 1);
  readonly #within: Int32Array = new Int32Array(COMPLEXITY.depth + 1);
  #loops = 0;
  #isIntricate = false;

  constructor(code: Uint8Array) {
    this.#code = code;
  }

  /** Forgets the last body. */
  reset(): void {
    this.#loops = 0;
    this.#isIntricate = false;
  }

  /** From here on the body branches in ways that are not followed. */
  setIntricate(): void {
    this.#isIntricate = true;
  }

  /** A block is opened. */
  open(frame: number): void {
    this.#within[frame] = frame === 0 ? -1 : this.within(frame - 1);
  }

  /** The block that was opened last is a loop, of which event `event` tells; below zero when it cannot be reached. */
  begin(frame: number, event: number, { calls, looks }: Counts): void {
    this.#loops += 1;
    this.#within[frame] = frame;
    this.#event[frame] = event;
    this.#count[frame] = this.#loops;
    this.#calls[frame] = calls;
    this.#looks[frame] = looks;
    this.#tail[frame] = -1;
  }

  /** The innermost loop that a block is in, itself included; below zero when there is none. */
  within(frame: number): number {
    return this.#within[frame] ?? -1;
  }

  /** The event that tells of a loop. */
  eventOf(frame: number): number {
    return this.#event[frame] ?? -1;
  }

  /** Where the last instruction of a loop is, if that branches back and all before it is straight. */
  tailOf(frame: number): number {
    return this.#tail[frame] ?? -1;
  }

  /** Notes such an instruction. */
  noteTail(frame: number, start: number, end: number): void {
    this.#tail[frame] = start;
    this.#tailEnd[frame] = end;
  }

  /** Innermost loops without calls have other forms than the plain one; what branches in ways that are hard to follow has not. */
  form(frame: number, { events, eventCount, position, calls, looks }: LoopEnd): number {
    const event = this.eventOf(frame);
    const began = events[event * EVENT_SIZE] ?? 0;
    const type = this.#code[began + 1] ?? 0;
    const isSimple = type === NO_RESULT || (type >= FIRST_TYPE && type <= LAST_TYPE);
    const isInnermost = this.#loops === this.#count[frame] && !this.#isIntricate;
    const isWithout = calls === this.#calls[frame] && looks - (this.#looks[frame] ?? 0) <= 1;
    if (!isSimple || !isInnermost || !isWithout) return LOOP_FORM.plain;
    const tail = this.tailOf(frame);
    const isStraight = tail >= 0 && this.#tailEnd[frame] === position && type === NO_RESULT;
    const isShort = isStraight && tail - began <= UNROLLED_BYTES;
    return isShort && isFree(events, event + 2, eventCount - 1) ? LOOP_FORM.unrolled : LOOP_FORM.apart;
  }
}

/** Whether events write nothing but other indices. */
function isFree(events: Int32Array, from: number, to: number): boolean {
  for (let at = from * EVENT_SIZE; at < to * EVENT_SIZE; at += EVENT_SIZE) {
    const isNothing = events[at + 1] === EVENT.charge && events[at + 2] === 0;
    if (!isNothing && events[at + 1] !== EVENT.index) return false;
  }
  return true;
}
