import { INVOCATION_ENDED } from "../invocation-ended.ts";
import type { WorkerOutcome } from "../messages.ts";
import { hasStackRoom } from "./stacks/stack-room.ts";

const TOO_DEEP = {
  kind: "trap",
  message: "the guest's calls are nested so deep that the host has no stack left for its own",
} as const;

/** Whether an invocation is to end, and how, as its host decided: whatever the guest does, it does not go on from there. */
export class EndState {
  readonly #abort = new AbortController();
  readonly #onRefusal: () => void;
  #isFinished = false;
  #ending: WorkerOutcome | undefined;

  /**
   * @param onRefusal Called when the guest is refused a host call. It may catch that and try again, and ten thousand refusals are a
   *   tenth of a second; so it is to come by its checkpoint at once.
   */
  constructor(onRefusal: () => void) {
    this.#onRefusal = onRefusal;
  }

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
    return this.#isFinished || this.#abort.signal.aborted || this.#ending !== undefined;
  }

  /** Has the guest come by its checkpoint at once, where it is refused to go on. */
  refuse(): void {
    this.#onRefusal();
  }

  /** Says how it ends. What was said first holds. */
  end(ending: WorkerOutcome): void {
    if (!this.#isFinished) this.#ending ??= ending;
  }

  /** It has come to its end, and how is known: what still waits of the guest does not go on, and changes nothing of that. */
  finish(): void {
    this.#isFinished = true;
  }

  /** Ends pending host calls. */
  abort(): void {
    this.#abort.abort(INVOCATION_ENDED);
  }

  /**
   * Ends it where its calls are nested so deep that the host has no stack left: how deep that is depends on what the engine has compiled
   * how, so no guest is to go on from there and see.
   *
   * @throws Error in that case.
   */
  assertStackRoom(): void {
    if (hasStackRoom()) return;
    this.end(TOO_DEEP);
    throw new Error(TOO_DEEP.message);
  }

  /** @throws Error when it is over. */
  refuseIfOver(): void {
    if (!this.isOver) return;
    this.#onRefusal();
    throw new Error("the invocation has ended");
  }
}
