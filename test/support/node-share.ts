import { NODE_FLOOR } from "../../src/shared/machine/node-floor.ts";

/**
 * Half of the generated cases from 0 up to and without `count`: one half on the oldest supported Node, the other on every later one. So a run
 * on both has all of them, each once: others find more on a second Node than the same ones again.
 */
export function shareOfThisNode(count: number): { readonly from: number; readonly to: number } {
  const half = Math.floor(count / 2);
  return process.versions.node.split(".")[0] === NODE_FLOOR.split(".")[0]
    ? { from: half, to: count }
    : { from: 0, to: half };
}
