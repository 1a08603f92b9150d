import { hardenModule, type HardenedModule } from "../../hardening/harden-module.ts";

/** How the core modules of a component are hardened. */
export interface CoreHardening {
  /** Whether shared memory and atomic instructions are not refused. */
  readonly threads: boolean;
  /** Called with its types before the engine gets them; may throw. */
  readonly admitTypes: AdmitTypes;
  /** Whether it is to be told where the code was before. Default: false. */
  readonly positions?: boolean;
}

/**
 * Called with the types of a module, as `typeKeys` gives them, before the engine is given it: it keeps them also if the module is not valid.
 *
 * @throws CordonError `limit` when the process has no room for them.
 */
export type AdmitTypes = (keys: Uint8Array) => void;

/**
 * Hardens a core module of a component, with the counter of fuel.
 *
 * @throws CordonError `invalid-component`, `unsupported` or `limit`, as `hardenModule`.
 */
export function hardenCore(
  module: Uint8Array,
  { threads, admitTypes, positions = false }: CoreHardening,
): HardenedModule {
  return hardenModule(module, { meter: true, counter: "own", allow: { threads }, admitTypes, positions });
}
