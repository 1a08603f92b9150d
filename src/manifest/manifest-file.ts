import { isUtf8 } from "node:buffer";
import { CordonError } from "../shared/errors.ts";
import { readPrivateFile } from "../shared/machine/private-file.ts";
import { quoteText } from "../shared/text/quote-text.ts";

/** The largest manifest, in bytes. */
const MAX_BYTES = 256 * 1024;

/** What a manifest beside a component is called. */
export const MANIFEST_NAME = "skill.yaml";

/**
 * Reads a manifest's text. Who may write the file is of no account: it grants nothing.
 *
 * @returns `undefined` when there is none.
 * @throws CordonError `usage` when it cannot be read or is larger than 256 KiB, `policy` when it is no text.
 */
export function readManifestFile(path: string): string | undefined {
  const bytes = readPrivateFile(path, { maxBytes: MAX_BYTES, othersMay: "write" });
  if (bytes === undefined) return undefined;
  if (isUtf8(bytes)) return bytes.toString("utf8");
  throw new CordonError("policy", `Cannot use the manifest ${quoteText(path)}: it is not UTF-8 text`);
}

/**
 * The same, of one that was named.
 *
 * @throws CordonError `usage` when there is none, too.
 */
export function readNamedManifest(path: string): string {
  const text = readManifestFile(path);
  if (text !== undefined) return text;
  throw new CordonError("usage", `Cannot read the manifest ${quoteText(path)}: there is no such file; check the path`);
}
