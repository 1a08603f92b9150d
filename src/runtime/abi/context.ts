import type { StringEncoding } from "../../shared/plan/plan.ts";
import type { MemoryAccess } from "./memory-access.ts";

/**
 * Who gets the values that are lifted. To the host, for its caller or for a function of it, they are copied, in the shapes of docs/values.md. Another component
 * takes them at once, before any guest's code runs: what is in memory stays there until it is stored at its new place.
 */
export type Receiver = "caller" | "host-function" | "guest";

/** Handles as a component instance has them: those of the Canonical ABI's tables, by type. */
export interface HandleScope {
  /** Takes an `own` handle out of the table and gives what it stands for. */
  readonly liftOwn: (index: number, resource: number) => unknown;
  /** Lends what a handle stands for, to the end of the call. */
  readonly liftBorrow: (index: number, resource: number) => unknown;
  readonly lowerOwn: (value: unknown, resource: number) => number;
  readonly lowerBorrow: (value: unknown, resource: number) => number;
  /** Takes the readable end of a stream or future, of elements of this type, out of the table. */
  readonly liftReadable: (kind: "stream" | "future", index: number, type: number) => unknown;
  readonly lowerReadable: (kind: "stream" | "future", value: unknown, type: number) => number;
  readonly liftErrorContext: (index: number) => unknown;
  readonly lowerErrorContext: (value: unknown) => number;
}

/** What copying costs the guest. Both throw, before anything is made, when it may not go on. */
export interface Charges {
  /** The host makes a copy of so many bytes of guest memory. */
  readonly copy: (bytes: number) => void;
  /** The host makes values that take so many bytes, besides; see `host-bytes.ts`. */
  readonly make: (bytes: number) => void;
  /**
   * So many bytes are moved, or what takes as long is done. For all that is of a length that the guest chose, before it is done, and in
   * pieces: for every so many it is asked whether the guest may go on.
   */
  readonly work: (bytes: number) => void;
}

/** What lifting needs. */
export interface LiftContext {
  readonly receiver: Receiver;
  readonly memory: MemoryAccess | undefined;
  readonly encoding: StringEncoding;
  readonly handles: HandleScope;
  readonly charges: Charges;
}

/** What lowering needs. */
export interface LowerContext {
  readonly memory: MemoryAccess | undefined;
  readonly encoding: StringEncoding;
  readonly handles: HandleScope;
  readonly charges: Charges;
  /**
   * Has the guest make room: `realloc` of the Canonical ABI. The memory has been refreshed and the range checked when it
   * returns.
   */
  readonly realloc: (old: number, oldSize: number, align: number, size: number) => number;
}
