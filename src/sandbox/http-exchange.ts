import type { HttpFields, HttpRequestHead, HttpResponseHead, HttpServices } from "../shared/http-message.ts";

/** One HTTP request, and the way its answer goes back. The guest never sees the connection. */
export interface HttpExchange {
  readonly head: HttpRequestHead;
  /** The next part of the request's body, of at most so many bytes; empty at its end. Rejects when the client is gone. */
  readonly read: (maxBytes: number) => Promise<Uint8Array>;
  /** The fields after the body; asked for when it has ended. */
  readonly trailers: () => Promise<HttpFields>;
  /** Sends a head of the 100s. */
  readonly inform: (head: HttpResponseHead) => Promise<void>;
  /** Sends the head of the answer; called once. */
  readonly respond: (head: HttpResponseHead) => Promise<void>;
  /** Sends a part of its body; settles when there is room for more. */
  readonly write: (chunk: Uint8Array) => Promise<void>;
  /** Ends it. */
  readonly end: (trailers: HttpFields) => Promise<void>;
}

/** Answers what a worker asks of an exchange; `undefined` for any other service. */
export function answerFor(exchange: HttpExchange, service: string, payload: unknown): Promise<unknown> | undefined {
  switch (service as keyof HttpServices) {
    case "http-request-body":
      return exchange.read(payload as number);
    case "http-request-trailers":
      return exchange.trailers();
    case "http-informational":
      return exchange.inform(payload as HttpResponseHead);
    case "http-response-head":
      return exchange.respond(payload as HttpResponseHead);
    case "http-response-body":
      return exchange.write(payload as Uint8Array);
    case "http-response-end":
      return exchange.end(payload as HttpFields);
    default:
      return undefined;
  }
}
