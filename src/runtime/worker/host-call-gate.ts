import type { HostContext } from "../../host/capability.ts";
import type { EndState } from "./end-state.ts";
import type { LivePolicies } from "./policy/live-policies.ts";
import type { Presence } from "./presence.ts";

/** What the host calls of one invocation need. */
export interface HostCallGateParts {
  readonly context: HostContext;
  readonly endState: EndState;
  readonly presence: Presence;
  readonly policies: Pick<LivePolicies, "enter">;
  /** Whether the guest is not to be gone on with, by now. */
  readonly isOver: () => boolean;
  /** Has the guest come by its checkpoint at its next step. */
  readonly toCheckpoint: () => void;
}

/** How often one function was called. */
export interface CallCounter {
  count: number;
}

/** What becomes of a call that was waited for and whose guest gets no answer. */
export interface Unanswered<T> {
  /** The call failed. */
  readonly failed?: () => void;
  /** The call was answered after the guest's end. */
  readonly unwanted?: (answer: T) => void;
}

/**
 * After how many calls a guest comes by its checkpoint: it takes little fuel to call much. By their number and not by time, so that
 * what is charged is the same in every run.
 */
const CALLS_PER_CHECKPOINT = 32;

/** Admits the calls of host functions that one invocation makes, counts them, and has the guest leave its thread while they wait. */
export class HostCallGate {
  readonly #parts: HostCallGateParts;
  readonly #counters = new Map<string, CallCounter>();
  readonly #inFlight = new Set<Promise<unknown>>();
  #calls = 0;

  constructor(parts: HostCallGateParts) {
    this.#parts = parts;
  }

  /** How many calls there were, by the labels of the counters. */
  get counts(): ReadonlyMap<string, number> {
    const called = [...this.#counters].filter(([, { count }]) => count > 0);
    return new Map(called.map(([label, { count }]) => [label, count]));
  }

  /** The counter of a function. */
  counter(label: string): CallCounter {
    let counter = this.#counters.get(label);
    if (counter === undefined) {
      counter = { count: 0 };
      this.#counters.set(label, counter);
    }
    return counter;
  }

  /** @throws Error when the guest is not to be gone on with. */
  admit(counter: CallCounter): void {
    this.enter();
    this.count(counter);
  }

  /** Counts a call of a host function. */
  count(counter: CallCounter): void {
    counter.count += 1;
  }

  /**
   * The guest calls what the host gives it, be that a function of the host's or one of the engine's.
   *
   * @throws Error when the guest is not to be gone on with.
   */
  enter(): void {
    const { endState, presence, policies, isOver, toCheckpoint } = this.#parts;
    endState.assertStackRoom();
    // The one sees what the main thread says while the guest runs, the other refuses.
    isOver();
    policies.enter();
    endState.refuseIfOver();
    presence.occupy();
    this.#calls += 1;
    if (this.#calls % CALLS_PER_CHECKPOINT === 0) toCheckpoint();
  }

  /** Notes what is done for the guest, until it has come to its end. Gives it back. */
  following<T>(work: Promise<T>): Promise<T> {
    const ended = (): void => void this.#inFlight.delete(work);
    this.#inFlight.add(work);
    work.then(ended, ended);
    return work;
  }

  /** Resolves when nothing is done for the guest any more. */
  async settled(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.allSettled(this.#inFlight);
  }

  /** Waits for an answer, off the processor. Rejects when the guest is not to be gone on with then. */
  wait<T>(answer: Promise<T>, unanswered: Unanswered<T> = {}): Promise<T> {
    return this.following(this.#wait(answer, unanswered));
  }

  async #wait<T>(answer: Promise<T>, { failed, unwanted }: Unanswered<T>): Promise<T> {
    const { presence, endState, isOver } = this.#parts;
    presence.leave();
    const idle = this.#idleTimer();
    let settled: { readonly value: T } | undefined;
    try {
      settled = { value: await answer };
    } finally {
      if (settled === undefined) failed?.();
      clearTimeout(idle);
      await presence.comeBackSeen();
      if (settled !== undefined && isOver()) unwanted?.(settled.value);
      endState.refuseIfOver();
    }
    return settled.value;
  }

  #idleTimer(): NodeJS.Timeout | undefined {
    const { endState, context } = this.#parts;
    const { idleTimeoutMs, timeoutMs } = context.limits;
    if (idleTimeoutMs >= timeoutMs) return undefined;
    return setTimeout(() => {
      const message = `nothing happened for ${idleTimeoutMs} ms in a host call`;
      endState.end({ kind: "limit", limit: "idle-time", cap: idleTimeoutMs, message });
      endState.abort();
    }, idleTimeoutMs);
  }
}
