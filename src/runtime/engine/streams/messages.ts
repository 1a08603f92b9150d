/** The service on the embedder's thread that has the other ends of streams and futures. */
export const STREAM_SERVICE = "stream";

/** The service that is told what a call has returned whose streams and futures go on. */
export const RETURNED_SERVICE = "returned";

/** What is asked of the embedder's end of a stream or future, by its number. */
export type StreamAsk =
  /**
   * Elements from the guest, if any yet: a typed array or a list, or how many for those without content. Answered by whether more is
   * wanted, when it is.
   */
  | { readonly op: "out"; readonly id: number; readonly items: unknown; readonly isLast: boolean }
  /** Answered when the embedder does not read it any more. */
  | { readonly op: "watch"; readonly id: number }
  /** Asks for elements for the guest; answered by a {@link StreamPart}. */
  | { readonly op: "in"; readonly id: number }
  /** The guest does not read it any more. */
  | { readonly op: "cancel"; readonly id: number };

/** Elements from the embedder: a typed array or a list, or how many for those without content; or that there are no more. */
export type StreamPart =
  | { readonly isLast: false; readonly items: unknown }
  | { readonly isLast: true; /** Why, where that was a failure. */ readonly problem: string | undefined };
