import { SHARED_SLOTS } from "../messages.ts";

/** The main thread's side of the slots that it shares with a worker: it reads and writes them even while a guest spins there. */
export class ThreadSlots {
  /** The slots are in a memory of WebAssembly, since code that guests run reads one of them. */
  readonly memory: WebAssembly.Memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  readonly #slots = new Int32Array(this.memory.buffer);

  /** The ticket of the guest that is on the processor; 0 when none is. */
  get running(): number {
    return Atomics.load(this.#slots, SHARED_SLOTS.running);
  }

  /** The ticket of the invocation that was started last. */
  get started(): number {
    return Atomics.load(this.#slots, SHARED_SLOTS.started);
  }

  /** How many guests wait for the processor. */
  get ready(): number {
    return Atomics.load(this.#slots, SHARED_SLOTS.ready);
  }

  /** How many pages the linear memories of its guests have. */
  get pages(): number {
    return Atomics.load(this.#slots, SHARED_SLOTS.pages);
  }

  /** Forbids the worker to start an invocation. There are places for two. */
  revoke(ticket: number, place: number): void {
    Atomics.store(this.#slots, place === 0 ? SHARED_SLOTS.revoked : SHARED_SLOTS.revokedBehind, ticket);
  }

  /** Has a guest end at its next checkpoint. */
  end(ticket: number): void {
    Atomics.store(this.#slots, SHARED_SLOTS.ending, ticket);
  }

  /** Notes that a policy was sent, which the next host call has to go by. */
  countPolicy(): void {
    Atomics.add(this.#slots, SHARED_SLOTS.policies, 1);
  }

  /** Notes that a message was sent, so that guests give way to it. */
  countMessage(): void {
    Atomics.add(this.#slots, SHARED_SLOTS.sent, 1);
  }
}
