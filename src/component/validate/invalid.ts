import { MalformedError } from "../../shared/byte-reader.ts";
import { quoteText } from "../../shared/text/quote-text.ts";
import { MAX_QUOTED } from "../binary/decoding.ts";

/** Names come from whoever made the component, so they are quoted, and shortened. */
export function quoted(name: string): string {
  return quoteText(name, MAX_QUOTED);
}

/** Refuses the component. */
export function invalid(problem: string, offset: number): never {
  throw new MalformedError(offset, problem);
}
