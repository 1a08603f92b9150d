import type { HostContext } from "../../capability.ts";
import type { FieldMap } from "./field-map.ts";
import { Fields } from "./fields.ts";
import { OutgoingBody } from "./outgoing-body.ts";

/** A `wasi:http/types.outgoing-response`. */
export class OutgoingResponse {
  readonly #context: HostContext;
  readonly #headers: FieldMap;
  #status = 200;
  #body: OutgoingBody | undefined;
  #open = true;
  #sent = false;

  /** @param headers Used up. */
  constructor(context: HostContext, headers: Fields) {
    this.#context = context;
    this.#headers = headers.take();
  }

  get statusCode(): number {
    return this.#status;
  }

  /** The fields themselves; whoever keeps them retains them. */
  get headerMap(): FieldMap {
    return this.#headers;
  }

  /** The body, when {@link body} has been asked for. */
  get openedBody(): OutgoingBody | undefined {
    return this.#body;
  }

  /** From now on somebody reads the body. */
  markSent(): void {
    this.#sent = true;
  }

  /** Takes a status of RFC 9110 that ends an exchange: 200 to 599. */
  setStatusCode(status: number): boolean {
    if (status < 200 || status > 599) return false;
    this.#status = status;
    return true;
  }

  headers(): Fields {
    return new Fields(this.#headers.retain(), { mutable: false });
  }

  /** The body; `undefined` when it was asked for before. */
  body(): OutgoingBody | undefined {
    if (this.#body !== undefined) return undefined;
    const length = this.#headers.declaredLength();
    const declared = length.kind === "bytes" ? length.bytes : undefined;
    this.#body = new OutgoingBody(this.#context, { role: "response", declared });
    return this.#body;
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#headers.release();
    if (!this.#sent) this.#body?.queue.abandon();
  }
}
