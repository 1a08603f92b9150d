/**
 * What hardening does to core modules. It is part of every artifact's key, so that artifacts made otherwise are never
 * used; change it with every change to the rewriting.
 */
export const HARDENING_PROFILE = "memory-import-2";

/** The import namespace under which hardened modules find their memories. No guest may import from it. */
export const MEMORY_NAMESPACE = "cordon:memory";

/** The import name of a module's memory, counted from 0 among those it defined. */
export function memoryField(position: number): string {
  return `m${position}`;
}

/** A linear memory that a core module asks for; sizes are in 64 KiB pages. */
export interface MemoryDeclaration {
  readonly initialPages: number;
  /** The module's own maximum, where it declares one. */
  readonly maximumPages?: number;
  /** Whether addresses are 64 bits wide (memory64). */
  readonly address64: boolean;
}
