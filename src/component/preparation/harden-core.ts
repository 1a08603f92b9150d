import { hardenModule, type HardenedModule } from "../../hardening/harden-module.ts";

/** How the core modules of a component are hardened. */
export interface CoreHardening {
  /** Whether shared memory and atomic instructions are not refused. */
  readonly threads: boolean;
}

/**
 * Hardens a core module of a component, with the counter of fuel.
 *
 * @throws CordonError `invalid-component`, `unsupported` or `limit`, as `hardenModule`.
 */
export function hardenCore(module: Uint8Array, allow: CoreHardening): HardenedModule {
  return hardenModule(module, { meter: true, counter: "own", allow });
}
