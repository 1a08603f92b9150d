import type { HttpBodyPart, HttpFields, HttpRequestHead, HttpResponsePart } from "../../shared/http-message.ts";
import { a, callback, having, oneOf, type Shape, text, truth } from "../options/shape.ts";

/** One HTTP request, and the way its answer goes back. The guest never sees the connection. */
export interface HttpExchange {
  /** The request, but for its body. */
  readonly head: HttpRequestHead;
  /**
   * The next part of the request's body, of at most so many bytes. Not called again before it has settled, nor after the part
   * that ended the body. Rejects when the client is gone.
   */
  readonly read: (maxBytes: number) => Promise<HttpBodyPart>;
  /**
   * Sends a part of the answer, and settles when there is room for more. May be called again before that, with 64 KiB at most
   * in the parts that have not settled, or one part more.
   */
  readonly send: (part: HttpResponsePart) => Promise<void>;
  /** The guest gave no answer, or will not end the one it began. The reason is the name of an error code of `wasi:http`. */
  readonly failed: (reason: string) => void;
}

const authority: Shape<string> = a(
  "a string, or undefined",
  (value) => value === undefined || typeof value === "string",
);

const fields: Shape<HttpFields> = a(
  "a list of pairs of a name and a value",
  (value) =>
    Array.isArray(value) &&
    value.every(
      (pair: unknown) => Array.isArray(pair) && pair.length === 2 && pair.every((one) => typeof one === "string"),
    ),
);

/** An exchange of anybody's making. */
export const httpExchange: Shape<HttpExchange> = having<HttpExchange>({
  head: having<HttpRequestHead>({
    method: text,
    scheme: oneOf("http", "https"),
    authority,
    pathWithQuery: text,
    headers: fields,
    hasBody: truth,
  }),
  read: callback<HttpExchange["read"]>(),
  send: callback<HttpExchange["send"]>(),
  failed: callback<HttpExchange["failed"]>(),
});
