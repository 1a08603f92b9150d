import type { HostContext } from "../../../capability.ts";
import type { Fields } from "../fields/fields.ts";
import { OutgoingMessage } from "./outgoing-message.ts";

/** A `wasi:http/types.outgoing-response`. */
export class OutgoingResponse extends OutgoingMessage {
  #status = 200;

  /** @param headers Used up. */
  constructor(context: HostContext, headers: Fields) {
    super(context, "response", headers);
  }

  get statusCode(): number {
    return this.#status;
  }

  /** Takes a status of RFC 9110 that ends an exchange: 200 to 599. */
  setStatusCode(status: number): boolean {
    if (status < 200 || status > 599) return false;
    this.#status = status;
    return true;
  }
}
