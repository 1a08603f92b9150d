/** Header fields in the order they came. Values are Latin-1 text: each UTF-16 code unit is one byte on the wire. */
export type HttpFields = readonly (readonly [name: string, value: string])[];

/** The head of a request that a guest is to answer. Plain data. */
export interface HttpRequestHead {
  /** As the client wrote it, such as `GET`. */
  readonly method: string;
  /** How the client came. */
  readonly scheme: "http" | "https";
  /** Host and port, as the client named them; `undefined` when it named none. */
  readonly authority: string | undefined;
  /** In origin form, such as `/a?b`. */
  readonly pathWithQuery: string;
  /** The fields, without those that are about the connection. */
  readonly headers: HttpFields;
  /** Whether a body may follow; when not, none is asked for. */
  readonly hasBody: boolean;
}

/** The next part of a request's body. */
export interface HttpBodyPart {
  /** Empty only when the body has ended. */
  readonly bytes: Uint8Array;
  /** The fields after the body, when it has ended with this part. */
  readonly trailers: HttpFields | undefined;
}

/** The head of a guest's answer. */
export interface HttpResponseHead {
  /** 200 to 599. */
  readonly status: number;
  /** The fields, as the guest set them. */
  readonly headers: HttpFields;
}

/** A part of a guest's answer, with at least one of its members. */
export interface HttpResponsePart {
  /** In the first part, and in no other. */
  readonly head?: HttpResponseHead;
  /** The next bytes of the body. */
  readonly body?: Uint8Array;
  /** The fields after the body, when the answer is whole with this part. */
  readonly trailers?: HttpFields;
}

/** What a worker asks of the thread that has the connection, by name: payload and answer of each. */
export interface HttpServices {
  /** The next part of the request's body, of at most so many bytes. */
  readonly "http-request-body": { readonly payload: number; readonly answer: HttpBodyPart };
  /** Answered when the connection takes more. Several may be under way, in order. */
  readonly "http-response": { readonly payload: HttpResponsePart; readonly answer: undefined };
  /** There is no answer, or no whole one, for the reason of this name. */
  readonly "http-failure": { readonly payload: string; readonly answer: undefined };
}
