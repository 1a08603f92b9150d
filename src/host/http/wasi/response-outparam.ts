import { type ErrorCode, internalCode } from "./error-code.ts";
import type { OutgoingResponse } from "./outgoing/outgoing-response.ts";

/** What a guest answers with. */
export type GuestAnswer =
  | { readonly tag: "ok"; readonly val: OutgoingResponse }
  | { readonly tag: "err"; readonly val: ErrorCode };

/** A `wasi:http/types.response-outparam`: takes one answer, and passes it to `answer`. None at all is an error. */
export class ResponseOutparam {
  #answer: ((answer: GuestAnswer) => void) | undefined;

  constructor(answer: (answer: GuestAnswer) => void) {
    this.#answer = answer;
  }

  /** Answers. The response is the exchange's from now on. */
  set(answer: GuestAnswer): void {
    const tell = this.#answer;
    this.#answer = undefined;
    tell?.(answer);
  }

  [Symbol.dispose](): void {
    this.set({ tag: "err", val: internalCode("the program did not answer") });
  }
}
