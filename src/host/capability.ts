import type { AuditObservation } from "../audit/event.ts";
import type { Grants } from "../policy/grants.ts";
import type { Limits } from "../shared/limits/limits.ts";
import type { InvocationEnd } from "../shared/invocation-end.ts";
import type { IoMeters } from "./metering/io-meters.ts";

/** What a host function sees of the invocation it runs for. One object for the whole invocation. */
export interface HostContext {
  /** What is granted now: read it where it is decided, and again after a wait. Of what was opened, see `under-policy.ts`. */
  readonly grants: Grants;
  /** Has a function called whenever {@link grants} have changed, as long as the invocation lasts. It is not to throw. */
  readonly onPolicyChange: (changed: () => void) => void;
  readonly limits: Limits;
  /** The program's arguments after its name, for a command program. */
  readonly programArguments: readonly string[];
  /** Aborted when the invocation ends, for whatever reason; pending I/O stops with it. */
  readonly signal: AbortSignal;
  /** What the invocation may still read, write and hold open. Charged before the work is done. */
  readonly meters: IoMeters;
  /** Records one access. Denials are recorded before the guest learns of them. */
  readonly observe: (observation: AuditObservation) => void;
  /**
   * Asks the thread that embeds Cordon, which holds stdin, stdout and custom functions. The payload and the answer are plain
   * data that can be cloned; lists of numbers in a large payload are handed over, and empty afterwards. Rejects when the embedder's part fails or the invocation has ended.
   */
  readonly ask: (service: string, payload: unknown) => Promise<unknown>;
  /** Sends it a message without waiting for an answer. Dropped when the invocation has ended. */
  readonly tell: (service: string, payload: unknown) => void;
  /**
   * Ends the invocation: every later host call of it fails, whatever the guest catches. Throws, so that the guest does not
   * go on from this call.
   */
  readonly end: (ending: InvocationEnd) => never;
  /**
   * For work that takes long at a time: lets it find out that the invocation is to end, which no message does while it keeps the thread.
   *
   * @throws Error when it is.
   */
  readonly refuseIfOver: () => void;
}

/**
 * What a host function answers. For a function whose WIT result is a `result`, its two cases; for any other, `ok` with the
 * value, or with `undefined` when there is none. Values have the shapes of docs/values.md; a handle is the host object
 * itself.
 */
export type HostResult<T = unknown, E = unknown> =
  | { readonly tag: "ok"; readonly val: T }
  | { readonly tag: "err"; readonly val: E };

/** One function that guests can import, as far as they are linked with it. */
export interface FunctionDeclaration {
  /** The name in WIT as the binary has it: `read-file`, `[method]input-stream.read`, `[static]fields.from-list`. */
  readonly name: string;
  /** The function's WIT type, as `printFunctionType` prints it; a guest that declares another type is refused. */
  readonly type: string;
  /** Whether the call may wait for I/O: the guest can then be suspended until the promise it returns settles. */
  readonly blocking: boolean;
  /**
   * Whether its arguments may be large and are held until it answers, which may take long: guests wait with calling it while what is held
   * like that leaves no room. Only for a blocking function.
   */
  readonly takesMuch?: boolean;
}

/** One function that guests can import. */
export interface HostFunction extends FunctionDeclaration {
  /**
   * Does the work. Arguments have the shapes of the WIT types, lifted from the guest: their types hold, their content is
   * hostile. An argument of a resource type is the host object the handle stands for, and of the right class. A failure the
   * guest can handle is an `err`; what throws is a trap. Only a blocking function may return a promise.
   */
  readonly call: (context: HostContext, ...parameters: readonly never[]) => HostResult | Promise<HostResult>;
  /**
   * For a function whose calls a guest can cancel: the same, with a signal that is aborted when it does. What is rejected after that counts
   * as cancelled.
   */
  readonly cancellable?: (
    context: HostContext,
    cancelled: AbortSignal,
    ...parameters: readonly never[]
  ) => HostResult | Promise<HostResult>;
}

/** One interface that guests can import, as far as they are linked with it. */
export interface InterfaceDeclaration {
  /** The WIT name without a version, such as `sandbox:skill/network` or `wasi:io/streams`. */
  readonly name: string;
  /** Its version, such as `0.1.0`; those of WASI are served by what `shared/wit/interface-name.ts` says, and have none here. */
  readonly version?: string;
  /** Names of the resources it defines. Their host objects are disposed of by `Symbol.dispose`, if they have it. */
  readonly resources?: readonly string[];
  readonly functions: readonly FunctionDeclaration[];
}

/** One interface that guests can import. */
export interface HostInterface extends InterfaceDeclaration {
  readonly functions: readonly HostFunction[];
}
