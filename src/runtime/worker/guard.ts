import { GUARD_FIELDS } from "../../shared/hardening-profile.ts";

/** What answers the guest that is on the processor. None may throw. */
export interface Guarded {
  /**
   * Whether the guest goes on, from a place where it can be suspended; called before {@link goOn} when it cannot be, too. What a promise
   * that it answers with has to do begins when the promise's own turn comes: by then the guest is suspended, or was not.
   */
  readonly goOnOrWait: () => 0 | 1 | Promise<0 | 1>;
  /** Whether the guest goes on, from a place where it cannot be suspended: there is JavaScript on its stack. */
  readonly goOn: () => 0 | 1;
  /** Whether memory may grow by so many pages; negative ones were granted and could not be had. */
  readonly grow: (pages: number) => 0 | 1;
}

/**
 * A module whose functions a metered module can be given references to, which JavaScript functions are not:
 *
 *     (func (export "c") (result i32)                                ;; checkpoint
 *       (block $no (return (try_table (result i32) (catch_all $no) (call $wait))))
 *       (block $no (return (try_table (result i32) (catch_all $no) (call $go))))
 *       unreachable)
 *     (func (export "m") (param i32) (result i32)                    ;; grow
 *       (block $no (return (try_table (result i32) (catch_all $no) (call $grow (local.get 0)))))
 *       unreachable)
 *
 * The engine throws where a guest cannot be suspended, and when the stack is used up. An exception that reached the guest could be
 * caught there, so the last resort is a trap.
 */
// prettier-ignore
const MODULE = Uint8Array.of(
  0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
  1, 10, 2, 0x60, 0, 1, 0x7f, 0x60, 1, 0x7f, 1, 0x7f,                 // (func (result i32)), (func (param i32) (result i32))
  2, 16, 3, 0, 1, 0x77, 0, 0, 0, 1, 0x67, 0, 0, 0, 1, 0x6d, 0, 1,     // imports w, g, m
  3, 3, 2, 0, 1,
  7, 9, 2, 1, 0x63, 0, 3, 1, 0x6d, 0, 4,                              // exports c, m
  10, 47, 2,
  27, 0, 0x02, 0x40, 0x1f, 0x7f, 1, 2, 0, 0x10, 0, 0x0b, 0x0f, 0x0b,
  0x02, 0x40, 0x1f, 0x7f, 1, 2, 0, 0x10, 1, 0x0b, 0x0f, 0x0b, 0x00, 0x0b,
  17, 0, 0x02, 0x40, 0x1f, 0x7f, 1, 2, 0, 0x20, 0, 0x10, 2, 0x0b, 0x0f, 0x0b, 0x00, 0x0b,
);

let guarded: Guarded | undefined;

/** Says which guest has the processor from now on. */
export function guard(guest: Guarded): void {
  guarded = guest;
}

const { c: checkpoint, m: grow } = new WebAssembly.Instance(new WebAssembly.Module(MODULE), {
  "": {
    w: new WebAssembly.Suspending(() => guarded?.goOnOrWait() ?? 0),
    g: () => guarded?.goOn() ?? 0,
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
