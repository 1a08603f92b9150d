/** Header fields in the order they came, with values as the bytes they are. Names are lower-case. */
export type HttpFields = readonly (readonly [name: string, value: Uint8Array])[];

/** The head of a request that a guest is to answer. Plain data. */
export interface HttpRequestHead {
  readonly method: string;
  readonly scheme: "http" | "https";
  /** Host and port, as the client named them; `undefined` when it named none. */
  readonly authority: string | undefined;
  /** In origin form, such as `/a?b`. */
  readonly pathWithQuery: string;
  readonly headers: HttpFields;
}

/** The head of a guest's answer. */
export interface HttpResponseHead {
  readonly status: number;
  readonly headers: HttpFields;
}

/** What a worker asks of the thread that has the connection, by name: payload and answer of each. */
export interface HttpServices {
  /** The next part of the request's body, of at most so many bytes; empty at its end. */
  readonly "http-request-body": { readonly payload: number; readonly answer: Uint8Array };
  /** The fields that came after the body, once it has ended. */
  readonly "http-request-trailers": { readonly payload: undefined; readonly answer: HttpFields };
  readonly "http-response-head": { readonly payload: HttpResponseHead; readonly answer: undefined };
  /** A head of the 100s, before the real one. */
  readonly "http-informational": { readonly payload: HttpResponseHead; readonly answer: undefined };
  /** A part of the answer's body; answered when the connection takes more. */
  readonly "http-response-body": { readonly payload: Uint8Array; readonly answer: undefined };
  /** The answer is whole. */
  readonly "http-response-end": { readonly payload: HttpFields; readonly answer: undefined };
}
