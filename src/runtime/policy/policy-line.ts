import { MessageChannel, type MessagePort } from "node:worker_threads";
import type { ThreadSlots } from "../threads/thread-slots.ts";
import type { PolicyChange } from "./policy-in-force.ts";

/**
 * Sends policies to a thread in which guests may be running, and looks at no message. A policy is there before the word is that says so, and
 * each host call looks at the word: none that begins after {@link send} has returned goes by the policy before.
 */
export class PolicyLine {
  /** The thread's end. */
  readonly theirs: MessagePort;
  readonly #ours: MessagePort;
  readonly #slots: ThreadSlots;

  constructor(slots: ThreadSlots) {
    const { port1, port2 } = new MessageChannel();
    this.#ours = port1;
    this.theirs = port2;
    this.#slots = slots;
    port1.unref();
  }

  send(change: PolicyChange): void {
    try {
      this.#ours.postMessage(change);
    } finally {
      // Where it could not be sent, the thread finds nothing and refuses every host call.
      this.#slots.countPolicy();
    }
  }

  close(): void {
    this.#ours.close();
  }
}
