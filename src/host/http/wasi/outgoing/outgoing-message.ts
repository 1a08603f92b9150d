import type { HostContext } from "../../../capability.ts";
import type { FieldMap } from "../fields/field-map.ts";
import { Fields } from "../fields/fields.ts";
import { type BodyRole, OutgoingBody } from "./outgoing-body.ts";

/** What requests and responses that a guest makes have in common: headers, and a body that can be asked for once. */
export abstract class OutgoingMessage {
  readonly #context: HostContext;
  readonly #role: BodyRole;
  readonly #headers: FieldMap;
  #body: OutgoingBody | undefined;
  #open = true;
  #sent = false;

  /** @param headers Used up. */
  constructor(context: HostContext, role: BodyRole, headers: Fields) {
    this.#context = context;
    this.#role = role;
    this.#headers = headers.take();
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

  /** A handle on the fields, which can no longer be changed. */
  headers(): Fields {
    return new Fields(this.#headers.retain(), { mutable: false });
  }

  /** The body; `undefined` when it was asked for before. */
  body(): OutgoingBody | undefined {
    if (this.#body !== undefined) return undefined;
    const length = this.#headers.declaredLength();
    const declared = length.kind === "bytes" ? length.bytes : undefined;
    this.#body = new OutgoingBody(this.#context, { role: this.#role, declared });
    return this.#body;
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#headers.release();
    if (!this.#sent) this.#body?.queue.abandon();
  }
}
