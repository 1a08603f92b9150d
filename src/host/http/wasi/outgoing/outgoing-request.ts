import type { HostContext } from "../../../capability.ts";
import type { Fields } from "../fields/fields.ts";
import { OutgoingMessage } from "./outgoing-message.ts";
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
export class OutgoingRequest extends OutgoingMessage {
  #method: Method = { tag: "get" };
  #pathWithQuery: string | undefined;
  #scheme: Scheme | undefined;
  #authority: string | undefined;

  /** @param headers Used up. */
  constructor(context: HostContext, headers: Fields) {
    super(context, "request", headers);
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
}

function wellKnown(scheme: Scheme): Scheme {
  if (scheme.tag !== "other") return { tag: scheme.tag };
  const name = scheme.val.toLowerCase();
  if (name === "http") return { tag: "HTTP" };
  return name === "https" ? { tag: "HTTPS" } : { tag: "other", val: scheme.val };
}
