import { quoteText } from "../../shared/text/quote-text.ts";
import type { RequirementInput } from "../../signing/requirement.ts";
import type { SignatureInput } from "../options/signature-options.ts";
import type { Reading } from "./source.ts";

/**
 * Reads a component and makes sure that it was signed as it has to be, before anything else is done with it. The bytes that are checked
 * are those that are given on.
 *
 * @param others Further requirements, each of which has to be met.
 * @returns What rejects as the reading does, and with a CordonError `signature`, or `usage` for a requirement that nobody can meet or a
 * detached signature that cannot be read.
 */
export function signedReading(
  reading: Reading,
  signature: SignatureInput | undefined,
  others: readonly RequirementInput[] = [],
): Reading {
  const asked = signature === undefined ? others : [signature, ...others];
  if (asked.length === 0) return reading;
  return async (signal) => {
    const { parseRequirement } = await import("../../signing/requirement.ts");
    const requirements = asked.map(parseRequirement).filter((one) => one !== undefined);
    const read = await reading(signal);
    if (requirements.length === 0) return read;
    const { checkSignature } = await import("../../signing/check-signature.ts");
    const { readSignature } = await import("../../signing/signature-file.ts");
    const { detached: given, trustDirectory } = signature ?? {};
    const detached = typeof given === "string" ? readSignature(given) : given;
    for (const requirement of requirements) {
      await checkSignature(read.bytes, { what: quoteText(read.name), requirement, detached, trustDirectory, signal });
    }
    return read;
  };
}
