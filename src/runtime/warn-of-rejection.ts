import { escapeInvisible } from "../shared/text/quote-text.ts";

/** Tells the embedder of a fault of the host's in a worker thread, which goes on: as an event `warning` of the process. */
export function warnOfRejection(reason: string): void {
  process.emitWarning(
    `A promise of the host's was rejected in a worker thread, and nobody waits for it: ${escapeInvisible(reason)}. ` +
      "Guests go on; please report it, with the component",
    { type: "CordonWarning", code: "CORDON_UNHANDLED_REJECTION" },
  );
}
