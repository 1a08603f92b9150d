import { CordonError } from "../shared/errors.ts";
import { readPrivateFile } from "../shared/machine/private-file.ts";
import { quoteText } from "../shared/text/quote-text.ts";
import { MAX_SIGNATURE_BYTES } from "./signature-data.ts";

/**
 * Reads a detached signature. Who may write the file is of no account: what it holds is checked.
 *
 * @throws CordonError `usage` when it cannot be read.
 */
export function readSignature(path: string): Uint8Array {
  const bytes = readPrivateFile(path, { maxBytes: MAX_SIGNATURE_BYTES, othersMay: "write" });
  if (bytes !== undefined) return bytes;
  throw new CordonError("usage", `Cannot read the signature ${quoteText(path)}: there is no such file; check the path`);
}
