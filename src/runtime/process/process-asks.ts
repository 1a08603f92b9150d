import type { FromProcess, ToProcess } from "./messages.ts";
import type { ProcessLink } from "./process-link.ts";
import type { Task } from "./task.ts";

/** What one invocation may have asked and not been answered: HTTP bodies come in 64 KiB of parts, which may be of one byte. */
const MAX_OPEN_ASKS = 70_000;

/** How much of answers the process may leave unread before it is answered no more, in bytes. */
const MAX_UNREAD_BYTES = 64 * 1024 * 1024;

type Ask = Extract<FromProcess, { readonly type: "ask" }>;
type Answer = Extract<ToProcess, { readonly type: "answer" }>;

/** What bounds the asks of a process. */
export interface ProcessAsksOptions {
  /** What one invocation may have asked and not been answered, in bytes. */
  readonly maxOpenBytes: () => number;
  /** It asked for more than a guest may, and is to be ended. */
  readonly tooMuch: (reason: string) => void;
}

/** What the guests of one process ask of the embedder. */
export class ProcessAsks {
  readonly #link: ProcessLink;
  readonly #options: ProcessAsksOptions;

  constructor(link: ProcessLink, options: ProcessAsksOptions) {
    this.#link = link;
    this.#options = options;
  }

  /**
   * Answers for an invocation, if the process holds it. Why the embedder's part failed is not the guest's to know.
   *
   * @param bytes How long the ask was.
   */
  async answer({ ask, service, payload }: Ask, task: Task | undefined, bytes: number): Promise<void> {
    const isOpen = task?.settled === false && task.stopped === undefined;
    const answer = isOpen ? task.job.answer : undefined;
    if (task === undefined || answer === undefined) {
      this.#send({ type: "answer", ask, failed: true, value: undefined });
      return;
    }
    task.openAsks += 1;
    task.openAskBytes += bytes;
    if (task.openAsks > MAX_OPEN_ASKS || task.openAskBytes > this.#options.maxOpenBytes()) {
      this.#options.tooMuch("its process asked for more at once than a guest may, and was ended");
      return;
    }
    let sent: Answer;
    try {
      sent = { type: "answer", ask, failed: false, value: await answer(service, payload, task.asking.signal) };
    } catch {
      sent = { type: "answer", ask, failed: true, value: undefined };
    }
    task.openAsks -= 1;
    task.openAskBytes -= bytes;
    this.#send(sent);
  }

  #send(message: Answer): void {
    if (this.#link.unreadAnswerBytes > MAX_UNREAD_BYTES) {
      this.#options.tooMuch("its process took none of the answers it asked for, and was ended");
      return;
    }
    try {
      this.#link.send(message);
    } catch {
      // What is no data cannot be an answer.
      this.#link.send({ type: "answer", ask: message.ask, failed: true, value: undefined });
    }
  }
}
