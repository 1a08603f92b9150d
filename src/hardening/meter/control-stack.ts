import { COMPLEXITY, tooDeep } from "../bound/complexity.ts";
import { CostRange } from "./cost-range.ts";
import { join, UNREACHED } from "./unchecked.ts";

/** What opened a control frame; `else` and `catch` take over the frame that `if` and `try` opened. */
export const FRAME = { block: 0, loop: 1, if: 2, else: 3, try: 4, catch: 5 } as const;

/** Further in than any frame. */
const INNERMOST = 2 ** 30;

/** Stands for what leaves all frames: a return, an exception. */
export const OUTSIDE = -1;

/** A block of the body that is open (core specification, appendix "Validation Algorithm"). */
export class ControlFrame {
  /** How many frames it is in. The first is the function's body. */
  readonly depth: number;
  /** One of {@link FRAME}. */
  kind: number = FRAME.block;
  /** Whether it begins in dead code. */
  beginsDead: boolean = false;

  /** What holds at its label, over the branches and the ends of arms that go there; see `unchecked.ts`. Of a loop, at its head. */
  label: number = UNREACHED;
  /** What holds where the arms of an `if` begin. */
  arms: number = 0;
  /** The outermost frame that something within it goes to, by depth. */
  outermost: number = INNERMOST;

  /** What paths cost to the beginning of the basic block it begins in, to the arms of an `if`, and to its label. */
  readonly costToStart: CostRange = new CostRange();
  readonly costToArms: CostRange = new CostRange();
  readonly costToLabel: CostRange = new CostRange();
  /** Of a loop: to wherever an iteration ends, which is where it goes back to the head or leaves the loop. */
  readonly costToIterationEnd: CostRange = new CostRange();

  /** The basic block it begins in: the event that charges it, and what held at its beginning. */
  blockCharge: number = 0;
  blockUnchecked: number = 0;
  /** How many calls and checks there were in the body before that block. */
  callsBefore: number = 0;
  checksBefore: number = 0;

  /** The innermost loop it is in, itself included. */
  loop: ControlFrame | undefined = undefined;
  /** Of a loop: its event, below zero in dead code, and how many loops began before its body. */
  loopEvent: number = -1;
  loopNumber: number = 0;
  /** Of a loop: how many calls and checks there were before its head. */
  callsBeforeLoop: number = 0;
  checksBeforeLoop: number = 0;
  /** Of a loop whose first basic block ends with a `br_if` to the head: where that is and ends; below zero otherwise. */
  backEdge: number = -1;
  backEdgeEnd: number = -1;

  constructor(depth: number) {
    this.depth = depth;
  }

  /** Makes it a new frame, within `outer`. */
  reset(kind: number, isDead: boolean, outer: ControlFrame | undefined): void {
    this.kind = kind;
    this.beginsDead = isDead;
    this.label = UNREACHED;
    this.arms = 0;
    this.outermost = INNERMOST;
    this.costToLabel.toUnreached();
    this.costToIterationEnd.toUnreached();
    this.loop = kind === FRAME.loop ? this : outer?.loop;
  }

  /** A path goes to its label. */
  reachLabel(unchecked: number, cost: CostRange): void {
    this.label = join(this.label, unchecked);
    this.costToLabel.join(cost);
  }

  /** Something within it goes to the frame of that depth, or to {@link OUTSIDE}. */
  leaveTo(depth: number): void {
    this.outermost = Math.min(this.outermost, depth);
  }
}

/** The open blocks of the body that is scanned. Frames are used again, since a body has thousands and their fields are read often. */
export class ControlStack {
  /** How many are open. */
  depth: number = 0;
  readonly #frames: ControlFrame[] = [new ControlFrame(0)];

  /** Begins a body. */
  clear(): void {
    this.depth = 0;
  }

  /** The innermost frame. */
  get top(): ControlFrame {
    return this.#frames[this.depth - 1] as ControlFrame;
  }

  /** The frame that a label names, of which 0 is the innermost; undefined when there is none. */
  target(label: number): ControlFrame | undefined {
    return label < this.depth ? this.#frames[this.depth - 1 - label] : undefined;
  }

  /** @throws CordonError `limit` when there are too many. */
  push(kind: number, isDead: boolean): ControlFrame {
    if (this.depth > COMPLEXITY.depth) throw tooDeep(COMPLEXITY.depth);
    const outer = this.depth === 0 ? undefined : this.top;
    if (this.depth === this.#frames.length) this.#frames.push(new ControlFrame(this.depth));
    this.depth += 1;
    const frame = this.top;
    frame.reset(kind, isDead, outer);
    return frame;
  }

  /** The innermost frame, which is closed; its fields stay as they are until the next is opened. */
  pop(): ControlFrame {
    const frame = this.top;
    this.depth -= 1;
    return frame;
  }
}
