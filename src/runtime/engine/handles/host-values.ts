import type { ComponentState } from "../component-state.ts";
import type { SharedCopy } from "../tasks/shared-copy.ts";

/** How what guests have handles of is given to the host, and taken from it. */
export interface HostValues {
  /** What the host is given for a handle that is handed over to it. */
  readonly ownedOut: (rep: unknown, resource: number) => unknown;
  /** What the host is given for a handle that is lent to it. */
  readonly borrowedOut: (rep: unknown, resource: number) => unknown;
  /** What a handle is to stand for, by what the host or another component passed. */
  readonly repOf: (value: unknown, resource: number, as: "own" | "borrow") => unknown;
  /** The component instance that defines a resource; undefined for one of the host's. */
  readonly definerOf: (resource: number) => ComponentState | undefined;
  readonly readableOut: (shared: SharedCopy, type: number) => unknown;
  readonly sharedOf: (value: unknown, kind: "stream" | "future", type: number) => SharedCopy;
}
