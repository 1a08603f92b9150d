import { SHARED_SLOTS } from "../messages.ts";

/**
 * Who is on this thread's processor. Guests that wait on a host call come back one at a time, each in a turn of the event
 * loop of its own, so that the ticket in the shared slot always names the guest whose code runs, and the main thread can
 * tell which guest spins.
 */
export class Turns {
  readonly #shared: Int32Array;
  readonly #ready: { readonly ticket: number; readonly resume: () => void }[] = [];
  #pumping = false;

  constructor(shared: Int32Array) {
    this.#shared = shared;
  }

  /** Whether the main thread wants the guest gone that is on the processor. */
  isToEnd(ticket: number): boolean {
    return Atomics.load(this.#shared, SHARED_SLOTS.ending) === ticket;
  }

  /** Marks a guest as on the processor from now on. */
  take(ticket: number): void {
    Atomics.store(this.#shared, SHARED_SLOTS.running, ticket);
  }

  /** Marks the processor as free, if this guest is on it. */
  leave(ticket: number): void {
    Atomics.compareExchange(this.#shared, SHARED_SLOTS.running, ticket, 0);
  }

  /** Resolves when it is this guest's turn; its code runs in the microtasks that follow. */
  comeBack(ticket: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ready.push({ ticket, resume: resolve });
    this.#countReady();
    if (!this.#pumping) {
      this.#pumping = true;
      setImmediate(this.#pump);
    }
    return promise;
  }

  readonly #pump = (): void => {
    const next = this.#ready.shift();
    if (next === undefined) {
      this.#pumping = false;
      return;
    }
    setImmediate(this.#pump);
    this.take(next.ticket);
    this.#countReady();
    next.resume();
  };

  #countReady(): void {
    Atomics.store(this.#shared, SHARED_SLOTS.ready, this.#ready.length);
  }
}
