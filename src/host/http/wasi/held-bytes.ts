import type { HostContext } from "../../capability.ts";
import { perInvocation } from "../../per-invocation.ts";

/**
 * What the fields and the unread and unsent bodies of one invocation may take of the host's memory together, in bytes. Handles
 * are bounded by their number; this bounds what hangs on them.
 */
const MAX_HELD_BYTES = 16 * 1024 * 1024;

/** What those of all invocations of a thread take together, about: they lie on its heap, which ends the thread when it is full. */
const MAX_OF_THREAD = 32 * 1024 * 1024;

/** What any invocation may hold, whatever the others do: a body's buffer. */
const ALWAYS = 64 * 1024;

/** Fields take several times what is charged for them, as objects of the heap. */
const HEAP_BYTES_PER_BYTE = 4;

/** What the invocations of a thread hold together, in bytes. */
export class ThreadHeld {
  #held = 0;
  #left = 0;

  /** Takes more for an invocation that holds `own`, if it may: a part of what is left, so that no few of them take all. */
  take(bytes: number, own: number): boolean {
    if (own + bytes > Math.max(ALWAYS, (MAX_OF_THREAD - this.#held) / 2 + own / 2)) return false;
    this.#held += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#held -= bytes;
  }

  /** An invocation is over that held so much at once, which is on the heap until it is collected. */
  leave(highWater: number): void {
    this.#left += highWater * HEAP_BYTES_PER_BYTE;
  }

  /** What was left on the heap since this was last asked, in bytes. */
  takeLeft(): number {
    const left = this.#left;
    this.#left = 0;
    return left;
  }
}

/** Host memory that a guest can make HTTP objects hold, charged before it is used. */
export class HeldBytes {
  readonly #cap: number;
  readonly #thread: ThreadHeld;
  #held = 0;
  #highWater = 0;
  #isOver = false;

  constructor(cap: number, thread: ThreadHeld = new ThreadHeld()) {
    this.#cap = cap;
    this.#thread = thread;
  }

  /** How much is held, in bytes. */
  get held(): number {
    return this.#held;
  }

  /** Charges `bytes`; `false` when that would pass the cap, or what the thread has for it, and then nothing is charged. */
  take(bytes: number): boolean {
    if (this.#isOver || this.#held + bytes > this.#cap || !this.#thread.take(bytes, this.#held)) return false;
    this.#held += bytes;
    if (this.#held > this.#highWater) this.#highWater = this.#held;
    return true;
  }

  release(bytes: number): void {
    this.#held -= bytes;
    if (!this.#isOver) this.#thread.release(bytes);
  }

  /** The invocation is over: what it holds is no other's concern any more. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#thread.release(this.#held);
    this.#thread.leave(this.#highWater);
  }
}

/** What is held on this thread. */
export const THREAD_HELD: ThreadHeld = new ThreadHeld();

/** The budget of an invocation. */
export const heldBytes: (context: HostContext) => HeldBytes = perInvocation(({ signal }) => {
  const held = new HeldBytes(MAX_HELD_BYTES, THREAD_HELD);
  if (signal.aborted) held.end();
  else signal.addEventListener("abort", () => held.end(), { once: true });
  return held;
});
