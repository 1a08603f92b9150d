import type { HostContext } from "../../../capability.ts";
import type { FieldMap } from "../fields/field-map.ts";
import { Fields } from "../fields/fields.ts";
import { IncomingBody, type IncomingSource } from "./incoming-body.ts";

/** What requests and responses that came in have in common: headers, and a body that can be asked for once. */
export abstract class IncomingMessage {
  readonly #context: HostContext;
  readonly #headers: FieldMap;
  readonly #source: IncomingSource;
  #consumed = false;
  #open = true;

  /** @param headers Owned by the message from now on, as is the source. */
  constructor(context: HostContext, headers: FieldMap, source: IncomingSource) {
    this.#context = context;
    this.#headers = headers;
    this.#source = source;
  }

  /** A handle on the fields, which cannot be changed. */
  headers(): Fields {
    return new Fields(this.#headers.retain(), { mutable: false });
  }

  /** The body; `undefined` when it was asked for before. */
  consume(): IncomingBody | undefined {
    if (this.#consumed) return undefined;
    this.#consumed = true;
    return new IncomingBody(this.#context, this.#source);
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#headers.release();
    if (!this.#consumed) this.#source.cancel();
  }
}
