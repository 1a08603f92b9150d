import { MalformedError } from "../../shared/byte-reader.ts";
import type { InstructionCursor } from "../read/instruction-cursor.ts";
import { OPCODE } from "../read/opcodes.ts";
import type { BasicBlock } from "./basic-block.ts";
import { EVENT } from "./body-events.ts";
import { type ControlStack, FRAME, OUTSIDE } from "./control-stack.ts";
import type { LoopForms } from "./loop-forms.ts";
import type { ScanState } from "./scan-state.ts";
import type { ScannedBody } from "./scanned-body.ts";

/** A label further out than any. */
const ANY_LABEL = 2 ** 30;

/** Instructions after which control is elsewhere, or may be: branches, returns, throws, traps. */
export class BranchScanner {
  /** Whether the body throws. What those who call it keep in a local would be lost then. */
  throws: boolean = false;

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

  /** Begins a body. */
  enter(): void {
    this.throws = false;
  }

  branch(): void {
    const { first, start } = this.#cursor;
    const block = this.#block;
    this.#noteLoopExit(first);
    block.close(start);
    this.#branchTo(first, block.unchecked);
    block.isDead = true;
  }

  branchIf(): void {
    const { first, start, position } = this.#cursor;
    const block = this.#block;
    this.#noteLoopExit(first);
    this.#noteBackEdge(first);
    block.close(start);
    this.#branchTo(first, block.unchecked);
    block.open(position);
  }

  branchTable(): void {
    const { start } = this.#cursor;
    const block = this.#block;
    this.#noteLoopExit(ANY_LABEL);
    block.close(start);
    this.#branchToAll(block.unchecked);
    block.isDead = true;
  }

  /** The labels of a `try_table`, which may be reached from anywhere within it. */
  handlers(): void {
    this.#branchToAll(this.#block.anything);
  }

  /** A return, a throw, a trap. */
  leave(returns: boolean): void {
    const { start, opcode } = this.#cursor;
    const block = this.#block;
    block.close(start);
    if (block.isDead) return;
    block.exit(returns);
    const throws = !returns && opcode !== OPCODE.unreachable;
    if (throws) this.throws = true;
    // What is thrown may be caught, so it ends an iteration as returning does. A trap cannot be.
    if (returns || throws) {
      const frame = this.#frames.top;
      frame.loop?.costToIterationEnd.join(block.pathCost);
      frame.leaveTo(OUTSIDE);
    }
    block.isDead = true;
  }

  /** Notes a branch that ends the first block of a loop by going back to its head. */
  #noteBackEdge(label: number): void {
    const { start, position, opcode } = this.#cursor;
    const block = this.#block;
    const frame = this.#frames.top;
    if (label !== 0 || frame.kind !== FRAME.loop || block.isDead) return;
    if (block.charge !== frame.loopEvent + 1 || opcode !== OPCODE.brIf) return;
    frame.backEdge = start;
    frame.backEdgeEnd = position;
  }

  /** Notes a branch that may leave the innermost loop it is in, since an outlined loop has labels of ours around it. */
  #noteLoopExit(label: number): void {
    const { loop } = this.#frames.top;
    if (loop === undefined) return;
    const labelOfLoop = this.#frames.depth - 1 - loop.depth;
    if (label <= labelOfLoop) return;
    const { opcode, start, position } = this.#cursor;
    if (opcode > 0xff) this.#loops.keepPlain();
    // In dead code, too: its labels have to be right.
    this.#found.events.push(start, EVENT.exit, labelOfLoop, position);
  }

  #branchToAll(unchecked: number): void {
    const { labels, labelCount } = this.#cursor;
    for (let index = 0; index < labelCount; index += 1) this.#branchTo(labels[index] ?? 0, unchecked);
  }

  /** Control may go from here to a label, at which `unchecked` holds then. */
  #branchTo(label: number, unchecked: number): void {
    const target = this.#frames.target(label);
    if (target === undefined) throw new MalformedError(this.#cursor.start, "a label that does not exist");
    const block = this.#block;
    if (block.isDead) return;
    if (target.depth === 0) {
      this.#found.leavesByBranch = true;
      block.exit(true);
    }
    const { top } = this.#frames;
    if (target !== top) top.leaveTo(target.depth);
    const { loop } = top;
    if (loop !== undefined && target.depth <= loop.depth) loop.costToIterationEnd.join(block.pathCost);
    target.reachLabel(unchecked, block.pathCost);
  }
}
