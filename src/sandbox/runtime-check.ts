/**
 * What the library's entry loads before all else: says at import what Cordon needs, where the runtime is another one. A runtime of any
 * age reads this file, so it has no syntax younger than ES2020 and imports nothing that Node itself gives.
 */
import { isSupportedNode, NODE_FLOOR, otherRuntime } from "../shared/machine/node-floor.ts";

/** Why the library cannot be used in a runtime that says these are its versions; `undefined` when it can. */
export function runtimeProblem(versions: { readonly [name: string]: string | undefined }): string | undefined {
  const needs = `it needs Node.js ${NODE_FLOOR} or later`;
  const other = otherRuntime(versions);
  if (other !== undefined) return `Cannot use cordon in ${other}: ${needs}`;
  const { node } = versions;
  if (node === undefined) return `Cannot use cordon here: ${needs}; this is no Node.js, or a bundle for a browser`;
  return isSupportedNode(node) ? undefined : `Cannot use cordon in Node ${node}: ${needs}`;
}

const problem = runtimeProblem(typeof process === "object" ? process.versions : {});
// Its class is in code that such a runtime may not be able to read; its code is the same.
if (problem !== undefined) throw Object.assign(new Error(problem), { name: "CordonError", code: "unsupported" });
