import type { HostContext } from "../capability.ts";
import type { LinearMemory } from "./linear-memory.ts";

/** What a host function of a core module sees of the guest that calls it. One object for the whole invocation. */
export interface CoreGuest {
  readonly context: HostContext;
  /** The memory that the module exports as `memory`. Asking for it ends the guest when it exports none. */
  readonly memory: LinearMemory;
  /**
   * Calls a function that the module exports, on the guest's turn. It cannot be suspended.
   *
   * @throws Error when there is none.
   */
  readonly callExport: (name: string, ...parameters: readonly number[]) => unknown;
}

/** What a host function of a core module gives: nothing for a function without a result. */
export type CoreValue = number | bigint | undefined;

/** The last step of a call that waited, which is taken when the guest has the thread again: it may call the guest. */
export type Finish = () => CoreValue;

/** One function that core modules can import, as far as they are linked with it. */
export interface CoreFunctionDeclaration {
  readonly name: string;
  /** Its core type, such as `(i32, i64) -> i32`. */
  readonly type: string;
  /** Whether the call may wait: the guest can then be suspended until the promise it returns settles. */
  readonly blocking: boolean;
}

/** One function that core modules can import. */
export interface CoreFunction extends CoreFunctionDeclaration {
  /**
   * Does the work. Parameters of type i32 are numbers from 0 to 2^32 - 1, those of i64 are signed. Whatever it throws ends the guest.
   * Only a blocking function may return a promise.
   */
  readonly call: (guest: CoreGuest, ...parameters: readonly never[]) => CoreValue | Promise<CoreValue | Finish>;
}

/** The functions that core modules can import under one module's name. */
export interface CoreModuleDeclaration {
  readonly name: string;
  readonly functions: readonly CoreFunctionDeclaration[];
}

/** The functions that core modules can import under one module's name. */
export interface CoreModule extends CoreModuleDeclaration {
  readonly functions: readonly CoreFunction[];
}
