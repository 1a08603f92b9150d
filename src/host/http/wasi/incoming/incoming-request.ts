import type { HostContext } from "../../../capability.ts";
import type { FieldMap } from "../fields/field-map.ts";
import type { IncomingSource } from "./incoming-body.ts";
import { IncomingMessage } from "./incoming-message.ts";
import type { Method, Scheme } from "../outgoing/request-rules.ts";

/** What came before the body. */
export interface IncomingRequestHead {
  readonly method: Method;
  readonly scheme: Scheme;
  readonly authority: string | undefined;
  readonly pathWithQuery: string | undefined;
}

/** A `wasi:http/types.incoming-request`. */
export class IncomingRequest extends IncomingMessage {
  readonly method: Method;
  readonly scheme: Scheme;
  readonly authority: string | undefined;
  readonly pathWithQuery: string | undefined;

  /** @param headers Owned by the request from now on, as is the source. */
  constructor(context: HostContext, head: IncomingRequestHead, headers: FieldMap, source: IncomingSource) {
    super(context, headers, source);
    this.method = head.method;
    this.scheme = head.scheme;
    this.authority = head.authority;
    this.pathWithQuery = head.pathWithQuery;
  }
}
