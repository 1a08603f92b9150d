import { quoteText } from "../../shared/quote-text.ts";
import type { SignatureInput } from "../options/signature-options.ts";
import type { Reading } from "./source.ts";

/**
 * Reads a component and makes sure that it was signed as it has to be, before anything else is done with it. The bytes that are checked
 * are those that are given on.
 *
 * @returns What rejects as the reading does, and with a CordonError `signature`, or `usage` for a requirement that nobody can meet or a
 * detached signature that cannot be read.
 */
export function signedReading(reading: Reading, signature: SignatureInput | undefined): Reading {
  if (signature === undefined) return reading;
  return async (signal) => {
    const { parseRequirement } = await import("../../signing/requirement.ts");
    const requirement = parseRequirement(signature);
    const read = await reading(signal);
    if (requirement === undefined) return read;
    const { checkSignature } = await import("../../signing/check-signature.ts");
    const { readSignature } = await import("../../signing/signature-file.ts");
    const { detached, trustDirectory } = signature;
    await checkSignature(read.bytes, {
      what: quoteText(read.name),
      requirement,
      detached: typeof detached === "string" ? readSignature(detached) : detached,
      trustDirectory,
      signal,
    });
    return read;
  };
}
