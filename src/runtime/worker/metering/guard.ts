import { COUNTER_EXPORT, GUARD_FIELDS } from "../../../shared/plan/hardening-profile.ts";
import { hostInstance } from "../../instance-modules.ts";
import { SHARED_SLOTS } from "../../messages.ts";

/** The guest traps. */
export const REFUSED = -1;

/** The guest yields the processor before it goes on. */
export const YIELD = -2;

/** What answers the guest that is on the processor. None may throw but {@link Guarded.yieldProcessor}. */
export interface Guarded {
  /** The number that the main thread names it by when it is to end. */
  readonly ticket: number;
  /** The units of a slice, also of those that it takes without asking. */
  readonly sliceUnits: number;
  /**
   * Answers a guest that has used up its slice of fuel, with `left` below zero by as much as it used too much: the units to go on with,
   * {@link REFUSED} when it is to trap, {@link YIELD} when it is to yield the processor first, if it can be suspended.
   */
  readonly nextSlice: (left: number) => number;
  /** How many slices it may take after one that it was answered with, without asking, unless it is to end. */
  readonly ahead: () => number;
  /** It took slices without asking, and so many units were granted with them. */
  readonly wentAhead: (units: number) => void;
  /**
   * Yields the processor; asked only where the guest could be suspended, or so it seems. What the promise has to do begins when the
   * promise's own turn comes: by then the guest is suspended, or has gone on after {@link keepProcessor}. Throws where
   * the guest is known not to be suspended, which is as if the engine had.
   */
  readonly yieldProcessor: () => Promise<number>;
  /** It could not be suspended: there is JavaScript on its stack. Answers as {@link nextSlice}, without yielding. */
  readonly keepProcessor: () => number;
  /** Whether memory may grow by so many pages; negative ones were granted and could not be had. */
  readonly grow: (pages: number) => 0 | 1;
}

/**
 * A module whose functions a metered module can be given references to, which JavaScript functions are not:
 *
 *     (global $ending i32) (global $slice (mut i32))                    ;; imports e, z: an address, units of a slice
 *     (global $ahead (export "u") (mut i32) (i32.const 0))              ;; slices to take without asking
 *     (global $taken (export "n") (mut i32) (i32.const 0))              ;; units granted with them
 *     (global $ticket (export "t") (mut i32) (i32.const 0))
 *     (func (export "c") (param $left i32) (result i32) (local $answer i32)   ;; checkpoint
 *       (if (i32.and (i32.and (i32.gt_s (global.get $ahead) (i32.const 0))
 *                             (i32.gt_s (i32.add (local.get $left) (global.get $slice)) (i32.const 0)))
 *                    (i32.ne (i32.atomic.load (global.get $ending)) (global.get $ticket)))
 *         (then
 *           (global.set $ahead (i32.sub (global.get $ahead) (i32.const 1)))
 *           (global.set $taken (i32.sub (i32.add (global.get $taken) (global.get $slice)) (local.get $left)))
 *           (return (global.get $slice))))
 *       (block $last
 *         (local.set $answer (try_table (result i32) (catch_all $last) (call $go (local.get $left))))
 *         (if (i32.ge_s (local.get $answer) (i32.const -1)) (then (return (local.get $answer))))
 *         (block $stay (return (try_table (result i32) (catch_all $stay) (call $wait))))
 *         (return (try_table (result i32) (catch_all $last) (call $held))))
 *       unreachable)
 *     (func (export "m") (param i32) (result i32)                       ;; grow
 *       (block $last (return (try_table (result i32) (catch_all $last) (call $grow (local.get 0)))))
 *       unreachable)
 *
 * The engine throws where a guest cannot be suspended, and when the stack is used up. An exception that reached the guest could be
 * caught there, so the last resort is a trap. The call that can suspend is expensive, and made for yielding only; a call from here to
 * JavaScript takes as long as thousands of a guest's instructions, and is left out while its slices are short.
 */
// prettier-ignore
const MODULE = new WebAssembly.Module(Uint8Array.of(
  0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
  1, 10, 2, 0x60, 0, 1, 0x7f, 0x60, 1, 0x7f, 1, 0x7f,                    // (func (result i32)), (func (param i32) (result i32))
  2, 40, 7, 0, 1, 0x65, 3, 0x7f, 0, 0, 1, 0x7a, 3, 0x7f, 1,              // imports e, z,
  0, 1, 0x73, 2, 3, 1, 1,                                                // s, a shared memory of a page,
  0, 1, 0x67, 0, 1, 0, 1, 0x77, 0, 0, 0, 1, 0x68, 0, 0, 0, 1, 0x6d, 0, 1,   // g, w, h, m
  3, 3, 2, 1, 1,
  6, 16, 3, 0x7f, 1, 0x41, 0, 0x0b, 0x7f, 1, 0x41, 0, 0x0b, 0x7f, 1, 0x41, 0, 0x0b,
  7, 21, 5, 1, 0x75, 3, 2, 1, 0x6e, 3, 3, 1, 0x74, 3, 4, 1, 0x63, 0, 4, 1, 0x6d, 0, 5,   // exports u, n, t, c, m
  10, 119, 2,
  99, 1, 1, 0x7f,
  0x23, 2, 0x41, 0, 0x4a, 0x20, 0, 0x23, 1, 0x6a, 0x41, 0, 0x4a, 0x71, 0x23, 0, 0xfe, 0x10, 2, 0, 0x23, 4, 0x47, 0x71, 0x04, 0x40,
  0x23, 2, 0x41, 1, 0x6b, 0x24, 2,
  0x23, 3, 0x23, 1, 0x6a, 0x20, 0, 0x6b, 0x24, 3,
  0x23, 1, 0x0f, 0x0b,
  0x02, 0x40, 0x1f, 0x7f, 1, 2, 0, 0x20, 0, 0x10, 0, 0x0b, 0x21, 1,
  0x20, 1, 0x41, 0x7f, 0x4e, 0x04, 0x40, 0x20, 1, 0x0f, 0x0b,
  0x02, 0x40, 0x1f, 0x7f, 1, 2, 0, 0x10, 1, 0x0b, 0x0f, 0x0b,
  0x1f, 0x7f, 1, 2, 0, 0x10, 2, 0x0b, 0x0f, 0x0b, 0x00, 0x0b,
  17, 0, 0x02, 0x40, 0x1f, 0x7f, 1, 2, 0, 0x20, 0, 0x10, 3, 0x0b, 0x0f, 0x0b, 0x00, 0x0b,
));

interface GuardExports {
  readonly u: WebAssembly.Global<"i32">;
  readonly n: WebAssembly.Global<"i32">;
  readonly t: WebAssembly.Global<"i32">;
  readonly c: unknown;
  readonly m: unknown;
}

/** What all guests of a thread ask whether they may go on. */
export class Guard {
  #guarded: Guarded | undefined;
  readonly #exports: GuardExports;
  readonly #slice = new WebAssembly.Global({ value: "i32", mutable: true }, 0);
  /** Whether the guest may have taken slices without asking. */
  #isAhead = false;

  /** @param shared The memory that the thread shares with the main one, which begins with {@link SHARED_SLOTS}. */
  constructor(shared: WebAssembly.Memory) {
    const { exports } = hostInstance(MODULE, {
      "": {
        e: SHARED_SLOTS.ending * Int32Array.BYTES_PER_ELEMENT,
        z: this.#slice,
        s: shared,
        g: (left: number) => this.#nextSlice(left),
        w: new WebAssembly.Suspending(() => this.#guarded?.yieldProcessor() ?? REFUSED),
        h: () => this.#guarded?.keepProcessor() ?? REFUSED,
        m: (pages: number) => this.#guarded?.grow(pages) ?? 0,
      },
    });
    this.#exports = exports as unknown as GuardExports;
  }

  /** Says which guest has the processor from now on. */
  occupy(guest: Guarded): void {
    this.catchUp();
    if (this.#guarded === guest && this.#exports.t.value === guest.ticket) return;
    this.#guarded = guest;
    this.#exports.t.value = guest.ticket;
    this.#slice.value = guest.sliceUnits;
  }

  /** A guest has ended: nothing of it is asked, or held, any more. */
  vacate(guest: Guarded): void {
    if (this.#guarded !== guest) return;
    this.catchUp();
    this.#guarded = undefined;
  }

  /** Has the guest that is on the processor told what it took without asking; it asks for its next slice. */
  catchUp(): void {
    if (!this.#isAhead) return;
    this.#isAhead = false;
    const { u, n } = this.#exports;
    u.value = 0;
    const units = n.value;
    n.value = 0;
    this.#guarded?.wentAhead(units);
  }

  /** What metered modules import from the guard's namespace, for one invocation. */
  imports(counter: WebAssembly.Global<"i32">): WebAssembly.ModuleImports {
    return {
      [GUARD_FIELDS.counter]: counter,
      [GUARD_FIELDS.checkpoint]: this.#exports.c,
      [GUARD_FIELDS.grow]: this.#exports.m,
    };
  }

  #nextSlice(left: number): number {
    this.catchUp();
    const answer = this.#guarded?.nextSlice(left) ?? REFUSED;
    const ahead = answer === this.#slice.value ? (this.#guarded?.ahead() ?? 0) : 0;
    if (ahead > 0) {
      this.#isAhead = true;
      this.#exports.u.value = ahead;
    }
    return answer;
  }
}

const { get: exportsOf } = Object.getOwnPropertyDescriptor(WebAssembly.Instance.prototype, "exports") as {
  readonly get: () => Readonly<Record<string, unknown>>;
};

/** The counter that an instance has of its own, if any. */
export function ownCounter(instance: WebAssembly.Instance): WebAssembly.Global<"i32"> | undefined {
  return Reflect.apply(exportsOf, instance, [])[COUNTER_EXPORT] as WebAssembly.Global<"i32"> | undefined;
}
