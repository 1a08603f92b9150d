import type { HostContext } from "../capability.ts";
import { plainCode, type ErrorCode } from "./wasi/error-code.ts";
import { FieldMap, type RawFields } from "./wasi/fields/field-map.ts";
import { incomingBodySource } from "./wasi/incoming/incoming-source.ts";
import { IncomingRequest } from "./wasi/incoming/incoming-request.ts";
import { sendResponse } from "./wasi/outgoing/outgoing-source.ts";
import { methodOf } from "./wasi/outgoing/request-rules.ts";
import { ResponseOutparam } from "./wasi/response-outparam.ts";

/** The head of a request that a server has received. Plain data. */
export interface ExchangeRequestHead {
  /** As it came, such as `GET`. */
  readonly method: string;
  readonly scheme: "http" | "https";
  /** What the `host` field or the request target said. */
  readonly authority: string | undefined;
  /** In origin form. */
  readonly pathWithQuery: string | undefined;
  /** In order; what belongs to the connection is left out for the guest. */
  readonly headers: RawFields;
}

/** The next part of a request's body. Plain data. */
export type ExchangeBodyPart =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "end"; readonly trailers: RawFields }
  /** The client has gone, or sent what is no body. */
  | { readonly kind: "failed"; readonly code: ErrorCode };

/** The head of a guest's response. Plain data. */
export interface ExchangeResponseHead {
  /** 200 to 599. */
  readonly status: number;
  /** Valid fields, none of which belongs to the connection. `content-length`, if there, is one number. */
  readonly headers: RawFields;
}

/**
 * One exchange of a server, as a guest's handler is given it. The server's side may be on another thread: everything that passes
 * is plain data. A method that returns a promise is not called again before that has settled. Those that send reject when the
 * client has gone; nothing is sent after that.
 */
export interface IncomingExchange {
  readonly request: ExchangeRequestHead;
  /** The next part of the request's body, of any size. Not called after an `end` or `failed`. */
  readonly pullBody: () => Promise<ExchangeBodyPart>;
  /** The guest wants nothing more of the body. */
  readonly cancelBody: () => void;
  readonly sendHead: (head: ExchangeResponseHead) => Promise<void>;
  /** Sends a part of the response's body; settles when the next may be sent. */
  readonly sendBody: (bytes: Uint8Array) => Promise<void>;
  /** The response is whole. */
  readonly sendEnd: (trailers: RawFields) => Promise<void>;
  /**
   * There is no response, or no whole one: before {@link sendHead} the client gets an error status, after it a connection that is
   * cut. Called at most once, and never after {@link sendEnd}.
   */
  readonly fail: (code: ErrorCode) => void;
}

/** What `wasi:http/incoming-handler.handle` is called with. */
export interface IncomingCall {
  readonly request: IncomingRequest;
  readonly responseOut: ResponseOutparam;
  /**
   * Settles, and never rejects, when the response has been handed to the exchange as a whole, or has failed. The invocation must
   * not end before that when the guest's handler has returned: a guest may leave a body behind that is still being sent. A guest
   * that returns without having finished its body keeps this waiting until its objects are disposed of.
   */
  readonly answered: Promise<void>;
}

/**
 * The parameters of one call of a guest's handler. The request's body is bounded by `maxRequestBodyBytes`, the response's by
 * `maxResponseBodyBytes`, both sides wait for each other with 64 KiB between them. Returns the error code of a head that is over
 * the limits.
 */
export function incomingCall(context: HostContext, exchange: IncomingExchange): IncomingCall | ErrorCode {
  const { method, scheme, authority, pathWithQuery, headers } = exchange.request;
  const fields = FieldMap.received(context, headers);
  if (fields === undefined) return { tag: "HTTP-request-header-section-size", val: undefined };
  const head = {
    method: methodOf(method),
    scheme: { tag: scheme === "https" ? "HTTPS" : "HTTP" },
    authority,
    pathWithQuery,
  } as const;
  const request = new IncomingRequest(context, head, fields, incomingBodySource(context, exchange));
  const answered = Promise.withResolvers<void>();
  const responseOut = new ResponseOutparam((answer) => {
    if (answer.tag === "err") {
      exchange.fail(answer.val);
      answered.resolve();
    } else {
      sendResponse(context, exchange, answer.val).then(answered.resolve, () => {
        exchange.fail(plainCode("HTTP-protocol-error"));
        answered.resolve();
      });
    }
  });
  return { request, responseOut, answered: answered.promise };
}
