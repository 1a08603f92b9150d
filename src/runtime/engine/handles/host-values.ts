import type { ComponentState } from "../component-state.ts";
import type { SharedCopy } from "../tasks/shared-copy.ts";

/** How what guests have handles of is given to the embedder, and taken from it. */
export interface HostValues {
  /** What the embedder is given for a handle that is handed over to it: the number of one of its own. */
  readonly ownedOut: (rep: unknown, resource: number) => number;
  /** What a handle is to stand for, by what the embedder passed: the number of a handle that it has, or an object of the host's. */
  readonly repOf: (value: unknown, resource: number, as: "own" | "borrow") => unknown;
  /** The component instance that defines a resource; undefined for one of the host's. */
  readonly definerOf: (resource: number) => ComponentState | undefined;
  /** What the embedder is given for the readable end of a stream or future: the number of an end of its own. */
  readonly readableOut: (shared: SharedCopy, type: number) => number;
  /** What a readable end is of, by what another component passed, or the embedder as the number of a stream or promise of its own. */
  readonly sharedOf: (value: unknown, kind: "stream" | "future", type: number) => SharedCopy;
}
