import { CordonError } from "../../shared/errors.ts";
import { readPrivateFile } from "../../shared/machine/private-file.ts";
import { quoteText } from "../../shared/text/quote-text.ts";
import { isStdin, readStdin } from "./component-file.ts";

const MAX_BYTES = 4_096;

/**
 * A passphrase: the first line of a file that only its user may read, or of stdin for `-`. There is no flag that takes the passphrase
 * itself: other users see the arguments of every process.
 *
 * @throws CordonError `usage` when there is none.
 */
export async function readPassphrase(file: string): Promise<Uint8Array> {
  const bytes = isStdin(file)
    ? await readStdin("read the passphrase", { maxBytes: MAX_BYTES })
    : readPrivateFile(file, { maxBytes: MAX_BYTES, othersMay: "nothing" });
  if (bytes === undefined) {
    throw new CordonError("usage", `Cannot read the passphrase from ${quoteText(file)}: there is no such file`);
  }
  const end = bytes.findIndex((byte) => byte === 0x0a || byte === 0x0d);
  return end < 0 ? bytes : bytes.subarray(0, end);
}
