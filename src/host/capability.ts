import type { AuditObservation } from "../audit/event.ts";
import type { Grants } from "../policy/grants.ts";
import type { Limits } from "../shared/limits.ts";

/** What a host function sees of the invocation it runs for. */
export interface HostContext {
  readonly grants: Grants;
  readonly limits: Limits;
  /** Aborted when the invocation ends, for whatever reason; pending I/O stops with it. */
  readonly signal: AbortSignal;
  /** Records one access. Denials are recorded before the guest learns of them. */
  readonly observe: (observation: AuditObservation) => void;
}

/** A WIT `result` as data; the glue turns it into what the guest's language expects. */
export type HostResult<T = unknown> =
  | { readonly tag: "ok"; readonly val: T }
  | { readonly tag: "err"; readonly val: string };

/** One function that guests can import. */
export interface HostFunction {
  /** The name in WIT, kebab-case. */
  readonly name: string;
  /** The function's WIT type, as `printFunctionType` prints it; a guest that declares another type is refused. */
  readonly type: string;
  /** Whether the call may wait for I/O. Blocking functions return a promise, and the guest is suspended until it settles. */
  readonly blocking: boolean;
  /**
   * Does the work. Arguments have the shapes of the WIT types, lifted from the guest: their types hold, their content is
   * hostile. Must not throw: a failure is an `err` the guest can handle.
   */
  readonly call: (context: HostContext, ...parameters: readonly never[]) => HostResult | Promise<HostResult>;
}

/** One interface that guests can import. */
export interface HostInterface {
  /** The full WIT name, such as `sandbox:skill/network`. */
  readonly name: string;
  readonly functions: readonly HostFunction[];
}
