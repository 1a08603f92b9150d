import type { EndState } from "./end-state.ts";
import type { Presence } from "./presence.ts";

/** The longest delay of a timer of the glue, in milliseconds; its own are of 10 at most. */
const MAX_TIMER_MS = 60_000;

/** Timers that the glue sets for one guest. */
export class GuestTimers {
  readonly #presence: Presence;
  readonly #endState: EndState;
  readonly #pending = new Set<NodeJS.Timeout>();
  #ended = false;

  constructor(presence: Presence, endState: EndState) {
    this.#presence = presence;
    this.#endState = endState;
  }

  /** Has something called later, in a turn of the guest's. */
  later(callback: () => void, delayMs: number): void {
    this.#endState.assertStackRoom();
    if (this.#ended) return;
    const timer = setTimeout(
      () => {
        this.#pending.delete(timer);
        this.#presence.lend(() => {
          if (this.#ended) return;
          this.#presence.occupy();
          callback();
        });
      },
      Math.max(0, Math.min(delayMs, MAX_TIMER_MS)),
    );
    this.#pending.add(timer);
  }

  /** None comes any more. */
  end(): void {
    this.#ended = true;
    for (const timer of this.#pending) clearTimeout(timer);
  }
}
