import type { HostContext } from "../../capability.ts";
import type { FieldMap } from "./field-map.ts";
import { Fields } from "./fields.ts";
import { IncomingBody, type IncomingSource } from "./incoming-body.ts";
import type { Method, Scheme } from "./request-rules.ts";

/** What came before the body. */
export interface IncomingRequestHead {
  readonly method: Method;
  readonly scheme: Scheme;
  readonly authority: string | undefined;
  readonly pathWithQuery: string | undefined;
}

/** A `wasi:http/types.incoming-request`. */
export class IncomingRequest {
  readonly method: Method;
  readonly scheme: Scheme;
  readonly authority: string | undefined;
  readonly pathWithQuery: string | undefined;
  readonly #context: HostContext;
  readonly #headers: FieldMap;
  readonly #source: IncomingSource;
  #consumed = false;
  #open = true;

  /** @param headers Owned by the request from now on, as is the source. */
  constructor(context: HostContext, head: IncomingRequestHead, headers: FieldMap, source: IncomingSource) {
    this.method = head.method;
    this.scheme = head.scheme;
    this.authority = head.authority;
    this.pathWithQuery = head.pathWithQuery;
    this.#context = context;
    this.#headers = headers;
    this.#source = source;
  }

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
