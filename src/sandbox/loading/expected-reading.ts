import { digestOf } from "../../component/digest.ts";
import { CordonError } from "../../shared/errors.ts";
import { quoteText } from "../../shared/text/quote-text.ts";
import type { Reading } from "./source.ts";

/**
 * Reads a component and makes sure that it is the one that a manifest is about. The bytes that are checked are those that are given on.
 *
 * @param digest `sha256:` and hex.
 * @returns What rejects as the reading does, and with a CordonError `signature` for another component.
 */
export function expectedReading(reading: Reading, digest: string): Reading {
  return async (signal) => {
    const read = await reading(signal);
    const found = await digestOf(read.bytes, signal);
    if (found === digest) return read;
    const message = `Cannot trust ${quoteText(read.name)}: it is ${found}, and its manifest is about ${digest}`;
    throw new CordonError("signature", `${message}; take the manifest that came with it`);
  };
}
