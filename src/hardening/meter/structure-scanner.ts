import { MalformedError } from "../../shared/byte-reader.ts";
import type { InstructionCursor } from "../read/instruction-cursor.ts";
import type { BasicBlock } from "./basic-block.ts";
import { EVENT, LOOP_FORM } from "./body-events.ts";
import { type ControlFrame, type ControlStack, FRAME, OUTSIDE } from "./control-stack.ts";
import { flattenFrame, flattenIteration } from "./flat-cost.ts";
import type { LoopForms } from "./loop-forms.ts";
import type { ScanState } from "./scan-state.ts";
import type { ScannedBody } from "./scanned-body.ts";
import { UNREACHED } from "./unchecked.ts";

/** Structured instructions, which open, divide and close control frames. */
export class StructureScanner {
  readonly #cursor: InstructionCursor;
  readonly #frames: ControlStack;
  readonly #block: BasicBlock;
  readonly #loops: LoopForms;
  readonly #found: ScannedBody;

  constructor({ cursor, frames, block, loops, found }: ScanState) {
    this.#cursor = cursor;
    this.#frames = frames;
    this.#block = block;
    this.#loops = loops;
    this.#found = found;
  }

  /** Opens a frame in the current block. */
  open(kind: number): ControlFrame {
    const block = this.#block;
    const frame = this.#frames.push(kind, block.isDead);
    frame.blockCharge = block.charge;
    frame.blockUnchecked = block.unchecked;
    frame.callsBefore = block.callsSoFar - block.calls;
    frame.checksBefore = block.checksSoFar - (block.events.isChecked(block.charge) ? 1 : 0);
    frame.costToStart.to(block.pathCost);
    return frame;
  }

  beginLoop(): void {
    const { start, position } = this.#cursor;
    const block = this.#block;
    this.#found.hasLoop = true;
    block.close(start);
    // Code with a loop in it has no flat cost.
    this.#frames.top.leaveTo(OUTSIDE);
    this.#loops.begin(this.open(FRAME.loop), block);
    block.push(start, EVENT.loop, LOOP_FORM.plain, 0);
    block.open(position);
    if (!block.isDead) block.check(block.charge);
  }

  beginIf(): void {
    const { start, position } = this.#cursor;
    const block = this.#block;
    const frame = this.open(FRAME.if);
    block.close(start);
    frame.arms = block.unchecked;
    frame.costToArms.to(block.pathCost);
    block.open(position);
  }

  beginElse(): void {
    const { start, position } = this.#cursor;
    const block = this.#block;
    const frame = this.#frames.top;
    if (frame.kind !== FRAME.if) this.#fail("an else without an if");
    frame.kind = FRAME.else;
    block.close(start);
    if (!block.isDead) frame.reachLabel(block.unchecked, block.pathCost);
    block.isDead = frame.beginsDead;
    block.unchecked = frame.arms;
    block.pathCost.to(frame.costToArms);
    block.open(position);
  }

  beginTry(kind: number): void {
    this.#found.handlesExceptions = true;
    this.#loops.keepPlain();
    // Nor has code that handles exceptions.
    this.#frames.top.leaveTo(OUTSIDE);
    this.open(kind);
  }

  beginCatch(): void {
    const { start, position } = this.#cursor;
    const block = this.#block;
    const frame = this.#frames.top;
    if (frame.kind !== FRAME.try && frame.kind !== FRAME.catch) this.#fail("a catch without a try");
    frame.kind = FRAME.catch;
    block.close(start);
    block.isDead = frame.beginsDead;
    block.unchecked = block.anything;
    block.open(position);
  }

  end(): void {
    const { start, position } = this.#cursor;
    const block = this.#block;
    const frame = this.#frames.pop();
    if (frame.depth === 0) {
      this.#endFunction();
      return;
    }
    if (frame.outermost < frame.depth) this.#frames.top.leaveTo(frame.outermost);
    if (frame.beginsDead) {
      block.isDead = true;
      return;
    }
    if (frame.kind === FRAME.loop) {
      this.#endLoop(frame);
      return;
    }
    // A block that nothing branches to changes nothing.
    if (frame.kind === FRAME.block && frame.label === UNREACHED) return;
    block.close(start);
    if (!block.isDead) frame.reachLabel(block.unchecked, block.pathCost);
    if (frame.kind === FRAME.if) {
      // The arm that is not there.
      block.pathCost.to(frame.costToArms);
      frame.reachLabel(frame.arms, block.pathCost);
    }
    const handles = frame.kind === FRAME.try || frame.kind === FRAME.catch;
    if (handles) frame.reachLabel(block.anything, block.pathCost);
    block.unchecked = frame.label;
    block.pathCost.to(frame.costToLabel);
    block.isDead = frame.label === UNREACHED;
    const staysWithin = frame.outermost >= frame.depth;
    if (!block.isDead && !handles && staysWithin && flattenFrame(block, frame)) return;
    block.open(position);
  }

  #endFunction(): void {
    const block = this.#block;
    const found = this.#found;
    found.endsSpilled = block.isSpilled && !found.leavesByBranch;
    // The counter is where it has to be at the end, so it is not loaded for nothing.
    if (found.endsSpilled) block.isSpilled = false;
    block.close(this.#cursor.start);
    if (!block.isDead) block.exit(true);
  }

  /** Chooses how a loop is written. One that nothing goes back in is left as it is. */
  #endLoop(loop: ControlFrame): void {
    const { start, position } = this.#cursor;
    const block = this.#block;
    const repeats = loop.label !== UNREACHED;
    const form = repeats ? this.#loops.form(loop, block, start) : LOOP_FORM.plain;
    if (form === LOOP_FORM.plain) return;
    const isClosed = form === LOOP_FORM.outlined && flattenIteration(block, loop, start);
    const { events } = block;
    events.complete(loop.loopEvent, form, events.count);
    events.push(start, EVENT.loopEnd, loop.backEdge, 0);
    if (isClosed) block.open(position);
  }

  #fail(problem: string): never {
    throw new MalformedError(this.#cursor.start, problem);
  }
}
