import type { CustomGrant } from "../../policy/grants.ts";

/** What a call of a host function is told besides its parameters. */
export interface HostFunctionContext {
  /** Aborted when the invocation has ended: nobody waits for the result any more. */
  readonly signal: AbortSignal;
}

/** Which calls of a host function a grant allows, where the grant says more than yes. */
export interface HostFunctionCheck {
  /**
   * The parameter that is compared with the grant: a number with a range, both ends included; a `string`, `char` or `enum` with
   * a text or a list of texts. A grant of `true` allows every value.
   */
  readonly parameter?: string | undefined;
  /**
   * Decides as well, after that. Whatever it answers but `true` denies the call, and so does a failure of it.
   *
   * @param grant What was granted.
   * @param parameters In the shapes of docs/values.md.
   */
  allows?(grant: CustomGrant, parameters: readonly unknown[]): boolean | Promise<boolean>;
}

/** A function of the embedder that core modules can import. It needs a capability that is granted under `grants.custom`. */
export interface CoreHostFunctionInput {
  /** The module that it is imported from, such as `env`; not one that Cordon provides. */
  readonly module: string;
  /** The name that it is imported by. */
  readonly name: string;
  /** Its core type, of `i32`, `i64`, `f32` and `f64`, with one result or none: `(i32, i64) -> i32`, `() -> ()`. */
  readonly type: string;
  /** The name of the capability it needs. Without a grant of it, every call is denied, which ends the guest. */
  readonly capability: string;
  /** Default: a grant of `true` allows every call, and no other grant makes sense. Parameters are named `p0`, `p1` and so on. */
  readonly check?: HostFunctionCheck | undefined;
  /**
   * Does the work, on the thread that opened the sandbox. What it throws ends the guest.
   *
   * @param parameters Numbers, and bigints for `i64`; integers are signed.
   * @returns The result, in the same form.
   */
  call(parameters: readonly unknown[], context: HostFunctionContext): unknown;
}

/**
 * A resource of the embedder that components can import, beside functions of its interface that give and take it. Guests have numbers; any
 * object that a function returns where its type has the resource is one. Objects are let go of when the guest drops the handle that owns
 * it, and at the latest when its invocation has ended: each handle by itself, also where two are of one object.
 */
export interface HostResourceInput {
  /** The interface that defines it, as for functions. Default: none, for a resource that a component's world imports by itself. */
  readonly interface?: string | undefined;
  /** Its name in WIT, such as `bucket`. */
  readonly resource: string;
  /**
   * Told when an object is let go of; not for one that was handed over to a function. What it throws is a process warning. Default: calls
   * `[Symbol.dispose]` of the object, where there is one.
   */
  dropped?(object: object): void;
}

/** A function of the embedder that components can import. It needs a capability that is granted under `grants.custom`. */
export interface HostFunctionInput {
  /**
   * The interface it belongs to: `namespace:package/interface` with or without `@version`, not of `wasi`, `cordon` or `sandbox`, or a name
   * alone. Versions of one interface are apart from each other: a component is given its own version, or else a compatible one. Default:
   * none, for a function that a component imports by itself.
   */
  readonly interface?: string | undefined;
  /**
   * Its name in WIT, such as `send`; those of a resource of the interface are `[constructor]bucket`, `[method]bucket.get` and
   * `[static]bucket.open`.
   */
  readonly name: string;
  /**
   * Its WIT type, with all types written inline, such as `func(to: string) -> result<u32, string>`. Resources that are declared are
   * written by their names: `bucket` is a handle that owns one, `borrow<bucket>` one that is lent. A method takes `self: borrow<bucket>`
   * first.
   */
  readonly type: string;
  /** The name of the capability it needs. Without a grant of it, every call is denied. */
  readonly capability: string;
  /** Default: a grant of `true` allows every call, and no other grant makes sense. */
  readonly check?: HostFunctionCheck | undefined;
  /**
   * Does the work, on the thread that opened the sandbox. What it throws is a failure, whose message the guest is told when the
   * function's result has an `err` of `string`, and which ends the guest when it has not.
   *
   * @param parameters In the shapes of docs/values.md; copies, of their types, with content that is the guest's. A handle is the object
   *   that it was given for. One that was handed over is the function's from now on; one that is lent is so until the call has ended.
   * @returns The value in those shapes, or a promise of it; for a `result`, `{ tag: "ok", val }` or `{ tag: "err", val }`; for a `future`,
   *   the promise that the guest is given, which is not waited for.
   */
  call(parameters: readonly unknown[], context: HostFunctionContext): unknown;
}
