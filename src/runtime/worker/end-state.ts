import type { WorkerOutcome } from "../messages.ts";

/** The reason of every abort. Without one, an error with its stack would be made for each invocation. */
const ENDED = new Error("the invocation has ended");

/** Whether an invocation is to end, and how, as its host decided: whatever the guest does, it does not go on from there. */
export class EndState {
  readonly #abort = new AbortController();
  #ending: WorkerOutcome | undefined;

  /** Aborted when what its host functions wait for is not waited for any more. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** How the host ended it, if it did. */
  get ending(): WorkerOutcome | undefined {
    return this.#ending;
  }

  /** Whether the guest is not to be gone on with. */
  get isOver(): boolean {
    return this.#abort.signal.aborted || this.#ending !== undefined;
  }

  /** Says how it ends. What was said first holds. */
  end(ending: WorkerOutcome): void {
    this.#ending ??= ending;
  }

  /** Ends pending host calls. */
  abort(): void {
    this.#abort.abort(ENDED);
  }

  /** @throws Error when it is over. */
  refuseIfOver(): void {
    if (this.isOver) throw new Error("the invocation has ended");
  }
}
