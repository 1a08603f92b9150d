/**
 * What hardening does to core modules. It is part of every artifact's key, so that artifacts made otherwise are never
 * used; change it with every change to the rewriting.
 */
export const HARDENING_PROFILE = "metered-12";

/** The import namespace under which hardened modules find their memories. No guest may import from it. */
export const MEMORY_NAMESPACE = "cordon:memory";

/** The import name of a module's memory, counted from 0 among those it defined. */
export function memoryField(position: number): string {
  return `m${position}`;
}

/**
 * The import namespace under which metered modules find the three globals of {@link GUARD_FIELDS}. No guest may import from
 * it.
 */
export const GUARD_NAMESPACE = "cordon:guard";

/** The globals that metered modules import. */
export const GUARD_FIELDS = {
  /** A mutable i32: the units of fuel that are left of the current slice. All instances of an invocation share it. */
  counter: "counter",
  /**
   * An immutable reference to a function that takes an i32 and gives one. It is called with what is left when that is below zero, by
   * as much as was used too much; the counters of the module and of all are 0 then. It gives the units to go on with; below zero, the
   * guest traps.
   */
  checkpoint: "checkpoint",
  /**
   * An immutable reference to a function that takes an i32 and gives one. It is called before a memory grows, with the pages that are
   * wanted. 1: the memory may grow. 0: the guest is told that it could not. When it could not, though it may, the function is called
   * again with minus the pages, and its answer is not checked.
   */
  grow: "grow",
} as const;

/** The name under which metered modules with a counter of their own export it. No guest may export under it. */
export const COUNTER_EXPORT = "cordon:guard/counter";

/** A linear memory that a core module asks for; sizes are in 64 KiB pages. */
export interface MemoryDeclaration {
  readonly initialPages: number;
  /** The module's own maximum, where it declares one. */
  readonly maximumPages?: number;
  /** Whether addresses are 64 bits wide (memory64). */
  readonly address64: boolean;
  /** Whether threads could share it. */
  readonly shared: boolean;
}
