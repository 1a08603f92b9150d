import { CordonError } from "../../shared/errors.ts";
import type { Ending } from "../pending.ts";

/** How long a process gets to say what a call used that was stopped, before its caller is answered without, in milliseconds. */
const ANSWER_MS = 200;

/** What a guest that came to its deadline, or was stopped, may take longer before its process is ended, in milliseconds. */
export const GRACE_MS = 2_000;

/**
 * How much a process may report of a guest that was stopped, in bytes. What is on its way when the process learns of it takes less
 * than half of that: what the system keeps of a pipe, and what a worker's ring of events holds.
 */
const MAX_LAST_BYTES = 2 * 1024 * 1024;

/** What is done about a process that does not let go of a call. */
export interface StoppedCallEvents {
  /** The caller is to be answered without what the process has to say. */
  readonly late: () => void;
  /** The process had all the time that it gets. */
  readonly overdue: () => void;
}

/**
 * A call that was stopped, or that ended before its guest was gone: what its process still says of it is the record of what happened,
 * and is taken for a while. What the embedder's listener takes for that is not the process's time; the amount is bounded instead.
 */
export class StoppedCall {
  /** Why the call ends. */
  readonly ending: Ending;
  readonly #events: StoppedCallEvents;
  readonly #since = performance.now();
  #listenedMs = 0;
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #isLate = false;
  #isOver = false;

  constructor(ending: Ending, events: StoppedCallEvents) {
    this.ending = ending;
    this.#events = events;
    this.#arm();
  }

  /**
   * Has the listener take what was reported in so many bytes.
   *
   * @throws CordonError `host` when that is more than can have been on its way.
   */
  observe(listen: () => void, bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > MAX_LAST_BYTES) {
      throw new CordonError("host", "Cannot take a message of a guest process: a guest that was stopped goes on");
    }
    const began = performance.now();
    listen();
    this.#listenedMs += performance.now() - began;
    // Where one event follows another, timers may have no turn.
    this.#look();
  }

  /** Nothing more is waited for. */
  end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  #look(): void {
    if (this.#isOver) return;
    const allMs = performance.now() - this.#since;
    const waitedMs = allMs - this.#listenedMs;
    if (!this.#isLate && (waitedMs >= ANSWER_MS || allMs >= GRACE_MS)) {
      this.#isLate = true;
      this.#events.late();
    }
    if (waitedMs < GRACE_MS) return;
    this.end();
    this.#events.overdue();
  }

  #arm(): void {
    const waitedMs = performance.now() - this.#since - this.#listenedMs;
    const nextMs = (this.#isLate ? GRACE_MS : ANSWER_MS) - waitedMs;
    this.#timer = setTimeout(
      () => {
        this.#look();
        if (!this.#isOver) this.#arm();
      },
      Math.max(1, nextMs),
    );
    this.#timer.unref();
  }
}
