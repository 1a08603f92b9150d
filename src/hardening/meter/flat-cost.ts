import type { BasicBlock } from "./basic-block.ts";
import type { ControlFrame } from "./control-stack.ts";
import { FLAT_UNITS, UNCHECKED_UNITS } from "./fuel-costs.ts";
import { sinceEntry } from "./unchecked.ts";

/**
 * Where the paths through a stretch of code cost about the same, its blocks are not charged one by one: the stretch is charged once, where
 * it begins, at what the most expensive path costs. Paths that end in a trap do not count.
 */

/**
 * Charges a whole function at its entry, if it has no loop, handles no exceptions and needs no check. The block is its last.
 *
 * @returns What it costs, or -1 when it is charged block by block.
 */
export function flattenFunction({ exitCost, checksSoFar, events }: BasicBlock): number {
  if (checksSoFar > 0 || exitCost.max - exitCost.min > FLAT_UNITS) return -1;
  events.clearCosts(1);
  events.setCost(0, exitCost.max);
  return exitCost.max;
}

/**
 * Charges all within a frame that ends here with the block that the frame began in, which goes on. Nothing within may leave the frame.
 *
 * @returns Whether it did so.
 */
export function flattenFrame(block: BasicBlock, frame: ControlFrame): boolean {
  const { events, pathCost } = block;
  // What those who call the function charge is not mixed with what it charges itself.
  if (sinceEntry(frame.blockUnchecked) >= 0) return false;
  const cost = pathCost.maxSince(frame.costToStart);
  if (cost > UNCHECKED_UNITS || pathCost.spreadSince(frame.costToStart) > FLAT_UNITS) return false;
  const checksWithin = block.checksSoFar - frame.checksBefore - (events.isChecked(frame.blockCharge) ? 1 : 0);
  if (checksWithin > 0) return false;
  events.clearCosts(frame.blockCharge + 1);
  block.charge = frame.blockCharge;
  block.cost = cost;
  block.calls = block.callsSoFar - frame.callsBefore;
  block.unchecked = frame.blockUnchecked;
  pathCost.rewind(frame.costToStart);
  return true;
}

/**
 * Charges each iteration of a loop at its head, where it is charged in several places. The loop's `end` is at `position`.
 *
 * @returns Whether it ended the block there, so that the next one is to begin.
 */
export function flattenIteration(block: BasicBlock, loop: ControlFrame, position: number): boolean {
  const { events } = block;
  const head = loop.loopEvent + 1;
  if (!events.hasCostFrom(head + 1)) return false;
  block.close(position);
  if (!block.isDead) loop.costToIterationEnd.join(block.pathCost);
  const cost = loop.costToIterationEnd.maxSince(loop.costToStart);
  const spread = loop.costToIterationEnd.spreadSince(loop.costToStart);
  if (cost > UNCHECKED_UNITS || spread > FLAT_UNITS) return true;
  events.clearCosts(head + 1);
  events.setCost(head, cost);
  return true;
}
