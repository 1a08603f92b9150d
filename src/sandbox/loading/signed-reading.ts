import { CordonError } from "../../shared/errors.ts";
import { readPrivateFile } from "../../shared/machine/private-file.ts";
import { quoteText } from "../../shared/quote-text.ts";
import { parseRequirement } from "../../signing/requirement.ts";
import type { SignatureInput } from "../options/signature-options.ts";
import type { Reading } from "./source.ts";

/**
 * Reads a component and makes sure that it was signed as it has to be, before anything else is done with it. The bytes that are checked
 * are those that are given on.
 *
 * @returns What rejects as the reading does, and with a CordonError `signature`.
 */
export function signedReading(reading: Reading, signature: SignatureInput | undefined): Reading {
  const requirement = signature === undefined ? undefined : parseRequirement(signature);
  if (signature === undefined || requirement === undefined) return reading;
  return async (signal) => {
    const read = await reading(signal);
    const { checkSignature } = await import("../../signing/check-signature.ts");
    const { MAX_SIGNATURE_BYTES } = await import("../../signing/signature-data.ts");
    const { detached, trustDirectory } = signature;
    await checkSignature(read.bytes, {
      what: quoteText(read.name),
      requirement,
      detached: typeof detached === "string" ? signatureFile(detached, MAX_SIGNATURE_BYTES) : detached,
      trustDirectory,
      signal,
    });
    return read;
  };
}

/**
 * Who may write it is of no account: what it holds is checked.
 *
 * @throws CordonError `usage` when it cannot be read.
 */
export function signatureFile(path: string, maxBytes: number): Uint8Array {
  const bytes = readPrivateFile(path, { maxBytes, othersMay: "write" });
  if (bytes !== undefined) return bytes;
  throw new CordonError("usage", `Cannot read the signature ${quoteText(path)}: there is no such file; check the path`);
}
