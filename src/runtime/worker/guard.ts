import { COUNTER_EXPORT, GUARD_FIELDS } from "../../shared/hardening-profile.ts";

/** What answers the guest that is on the processor. None may throw. */
export interface Guarded {
  /** 1: the guest goes on. 0: it traps. 2: it goes on after a break, if it can be suspended. */
  readonly goOn: () => 0 | 1 | 2;
  /**
   * Takes the break; asked only where the guest could be suspended, or so it seems. What the promise has to do begins when the
   * promise's own turn comes: by then the guest is suspended, or has gone on after {@link stay}.
   */
  readonly takeBreak: () => Promise<0 | 1>;
  /** It could not be suspended: there is JavaScript on its stack. Whether it goes on without a break. */
  readonly stay: () => 0 | 1;
  /** Whether memory may grow by so many pages; negative ones were granted and could not be had. */
  readonly grow: (pages: number) => 0 | 1;
}

/**
 * A module whose functions a metered module can be given references to, which JavaScript functions are not:
 *
 *     (func (export "c") (result i32) (local $answer i32)            ;; checkpoint
 *       (block $last
 *         (local.set $answer (try_table (result i32) (catch_all $last) (call $go)))
 *         (if (i32.ne (local.get $answer) (i32.const 2)) (then (return (local.get $answer))))
 *         (block $stay (return (try_table (result i32) (catch_all $stay) (call $wait))))
 *         (return (try_table (result i32) (catch_all $last) (call $held))))
 *       unreachable)
 *     (func (export "m") (param i32) (result i32)                    ;; grow
 *       (block $last (return (try_table (result i32) (catch_all $last) (call $grow (local.get 0)))))
 *       unreachable)
 *
 * The engine throws where a guest cannot be suspended, and when the stack is used up. An exception that reached the guest could be
 * caught there, so the last resort is a trap. The way that can suspend is dear, and taken for breaks only.
 */
// prettier-ignore
const MODULE = Uint8Array.of(
  0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
  1, 10, 2, 0x60, 0, 1, 0x7f, 0x60, 1, 0x7f, 1, 0x7f,                    // (func (result i32)), (func (param i32) (result i32))
  2, 21, 4, 0, 1, 0x67, 0, 0, 0, 1, 0x77, 0, 0, 0, 1, 0x68, 0, 0, 0, 1, 0x6d, 0, 1,   // imports g, w, h, m
  3, 3, 2, 0, 1,
  7, 9, 2, 1, 0x63, 0, 4, 1, 0x6d, 0, 5,                                 // exports c, m
  10, 70, 2,
  50, 1, 1, 0x7f, 0x02, 0x40,
  0x1f, 0x7f, 1, 2, 0, 0x10, 0, 0x0b, 0x21, 0,
  0x20, 0, 0x41, 2, 0x47, 0x04, 0x40, 0x20, 0, 0x0f, 0x0b,
  0x02, 0x40, 0x1f, 0x7f, 1, 2, 0, 0x10, 1, 0x0b, 0x0f, 0x0b,
  0x1f, 0x7f, 1, 2, 0, 0x10, 2, 0x0b, 0x0f, 0x0b, 0x00, 0x0b,
  17, 0, 0x02, 0x40, 0x1f, 0x7f, 1, 2, 0, 0x20, 0, 0x10, 3, 0x0b, 0x0f, 0x0b, 0x00, 0x0b,
);

let guarded: Guarded | undefined;

/** Says which guest has the processor from now on. */
export function guard(guest: Guarded): void {
  guarded = guest;
}

const { c: checkpoint, m: grow } = new WebAssembly.Instance(new WebAssembly.Module(MODULE), {
  "": {
    g: () => guarded?.goOn() ?? 0,
    w: new WebAssembly.Suspending(() => guarded?.takeBreak() ?? 0),
    h: () => guarded?.stay() ?? 0,
    m: (pages: number) => guarded?.grow(pages) ?? 0,
  },
}).exports;

/** What metered modules import from the guard's namespace, for one invocation. */
export function guardImports(counter: WebAssembly.Global<"i32">): WebAssembly.ModuleImports {
  return {
    [GUARD_FIELDS.counter]: counter,
    [GUARD_FIELDS.checkpoint]: checkpoint,
    [GUARD_FIELDS.grow]: grow,
  };
}

const { get: exportsOf } = Object.getOwnPropertyDescriptor(WebAssembly.Instance.prototype, "exports") as {
  readonly get: () => Readonly<Record<string, unknown>>;
};

/** The counter that an instance has of its own, if any. The instance may be of another realm. */
export function ownCounter(instance: WebAssembly.Instance): WebAssembly.Global<"i32"> | undefined {
  return Reflect.apply(exportsOf, instance, [])[COUNTER_EXPORT] as WebAssembly.Global<"i32"> | undefined;
}
