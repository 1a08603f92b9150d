import type { HostContext } from "../../capability.ts";
import type { FieldMap } from "./field-map.ts";
import { Fields } from "./fields.ts";
import { OutgoingBody } from "./outgoing-body.ts";
import {
  isPathWithQuery,
  isScheme,
  type Method,
  methodName,
  methodOf,
  parseAuthority,
  type Scheme,
} from "./request-rules.ts";

/** A `wasi:http/types.outgoing-request`. What it holds is well-formed; whether it may be sent is for the handler to say. */
export class OutgoingRequest {
  readonly #context: HostContext;
  readonly #headers: FieldMap;
  #method: Method = { tag: "get" };
  #pathWithQuery: string | undefined;
  #scheme: Scheme | undefined;
  #authority: string | undefined;
  #body: OutgoingBody | undefined;
  #open = true;
  #sent = false;

  /** @param headers Used up. */
  constructor(context: HostContext, headers: Fields) {
    this.#context = context;
    this.#headers = headers.take();
  }

  get method(): Method {
    return this.#method;
  }

  get pathWithQuery(): string | undefined {
    return this.#pathWithQuery;
  }

  get scheme(): Scheme | undefined {
    return this.#scheme;
  }

  get authority(): string | undefined {
    return this.#authority;
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

  setMethod(method: Method): boolean {
    const name = methodName(method);
    if (name === undefined) return false;
    this.#method = methodOf(name);
    return true;
  }

  setPathWithQuery(pathWithQuery: string | undefined): boolean {
    if (pathWithQuery !== undefined && !isPathWithQuery(pathWithQuery)) return false;
    this.#pathWithQuery = pathWithQuery;
    return true;
  }

  setScheme(scheme: Scheme | undefined): boolean {
    if (scheme?.tag === "other" && !isScheme(scheme.val)) return false;
    this.#scheme = scheme === undefined ? undefined : wellKnown(scheme);
    return true;
  }

  setAuthority(authority: string | undefined): boolean {
    if (authority !== undefined && parseAuthority(authority) === undefined) return false;
    this.#authority = authority;
    return true;
  }

  /** The body; `undefined` when it was asked for before. */
  body(): OutgoingBody | undefined {
    if (this.#body !== undefined) return undefined;
    const length = this.#headers.declaredLength();
    const declared = length.kind === "bytes" ? length.bytes : undefined;
    this.#body = new OutgoingBody(this.#context, { role: "request", declared });
    return this.#body;
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#headers.release();
    if (!this.#sent) this.#body?.queue.abandon();
  }
}

function wellKnown(scheme: Scheme): Scheme {
  if (scheme.tag !== "other") return { tag: scheme.tag };
  const name = scheme.val.toLowerCase();
  if (name === "http") return { tag: "HTTP" };
  return name === "https" ? { tag: "HTTPS" } : { tag: "other", val: scheme.val };
}
