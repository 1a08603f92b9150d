import { setTimeout as delay } from "node:timers/promises";
import type { Observations } from "./observations.ts";
import type { ProcessorTime } from "./metering/processor-time.ts";
import type { Turns } from "./turns.ts";

/** What a guest's presence is made of. */
export interface PresenceParts {
  readonly turns: Turns;
  readonly observations: Observations;
  readonly time: ProcessorTime;
  /** Aborted when a pause is not to be kept to its end. */
  readonly signal: AbortSignal;
  /** Has what the guest's code calls from now on be called for this guest. */
  readonly occupy: () => void;
}

/** When one guest is on its thread's processor, and when it waits for it. */
export class Presence {
  readonly #parts: PresenceParts;
  ticket: number;
  #pause: PromiseWithResolvers<void> | undefined;

  constructor(ticket: number, parts: PresenceParts) {
    this.ticket = ticket;
    this.#parts = parts;
  }

  /** Has what the guest's code calls from now on be called for this guest. */
  occupy(): void {
    this.#parts.occupy();
  }

  /** Takes the processor, which is free. */
  enter(): void {
    const { turns, time } = this.#parts;
    turns.take(this.ticket);
    this.occupy();
    time.enter();
  }

  /** Leaves the processor to the others of the thread. */
  leave(): void {
    const { turns, time, observations } = this.#parts;
    time.leave();
    observations.handOver();
    turns.leave(this.ticket);
  }

  /** Whether it does not come back before it is called again. */
  get isPaused(): boolean {
    return this.#pause !== undefined;
  }

  /** Leaves the processor for as long as nobody calls it: what it has begun waits, too. */
  pause(): void {
    this.leave();
    this.#pause ??= Promise.withResolvers<void>();
  }

  /** Ends the pause; resolves when it has the processor again. */
  async goOn(): Promise<void> {
    this.#pause?.resolve();
    this.#pause = undefined;
    await this.comeBack();
  }

  /** Resolves when it has the processor again. */
  async comeBack(): Promise<void> {
    const { turns, time } = this.#parts;
    for (;;) {
      while (this.#pause !== undefined) await this.#pause.promise;
      await turns.comeBack(this.ticket);
      if (!this.isPaused) break;
      // Its call was answered while it waited for its turn.
      turns.leave(this.ticket);
    }
    time.enter();
    this.occupy();
  }

  /** Resolves when the listener has caught up with what was recorded, and it has the processor again. */
  async comeBackSeen(): Promise<void> {
    await this.#parts.observations.caughtUp();
    await this.comeBack();
  }

  /** Lets the others of the thread have their turn, and the main thread's messages be seen. */
  async yieldProcessor(pauseMs: number): Promise<void> {
    this.leave();
    await this.#parts.observations.caughtUp();
    // Its end is not kept waiting.
    if (pauseMs > 0) await delay(pauseMs, undefined, { signal: this.#parts.signal }).catch(() => undefined);
    await this.comeBack();
  }
}
