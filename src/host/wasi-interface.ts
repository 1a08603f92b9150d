import type { HostFunction, HostInterface } from "./capability.ts";
import { WASI_TYPES } from "./wasi-types.ts";

/** The functions of one interface, by their names in the binary. */
export interface WasiFunctions {
  /** Functions that answer at once. */
  readonly direct?: Readonly<Record<string, HostFunction["call"]>>;
  /** Functions that may wait. */
  readonly blocking?: Readonly<Record<string, HostFunction["call"]>>;
}

/**
 * An interface of WASI 0.2, with the types that the official WIT gives its functions.
 *
 * @param name Without a version, such as `wasi:io/streams`.
 */
export function wasiInterface(name: string, { direct = {}, blocking = {} }: WasiFunctions): HostInterface {
  const known = WASI_TYPES[name];
  if (known === undefined) throw new Error(`WASI has no interface ${name}`);
  const typed = (calls: Readonly<Record<string, HostFunction["call"]>>, isBlocking: boolean): HostFunction[] =>
    Object.entries(calls).map(([functionName, call]) => {
      const type = known.functions[functionName];
      if (type === undefined) throw new Error(`WASI has no function ${name}#${functionName}`);
      return { name: functionName, type, blocking: isBlocking, call };
    });
  return Object.freeze({
    name,
    resources: known.resources,
    functions: Object.freeze([...typed(direct, false), ...typed(blocking, true)]),
  });
}
