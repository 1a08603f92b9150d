import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import { CordonError } from "../../shared/errors.ts";

/** What Node puts in the place of bytes that are no UTF-8. */
const REPLACEMENT = "\u{FFFD}";

/**
 * Refuses arguments that are no UTF-8: Node has changed them, so that another file or value would be meant. What was given is read where
 * the system tells it, which is on Linux.
 *
 * @throws CordonError `usage` that names the first of them.
 */
export function assertUtf8Arguments(words: readonly string[], given: () => Buffer | undefined = commandLine): void {
  if (!words.some((word) => word.includes(REPLACEMENT))) return;
  const bytes = given();
  if (bytes === undefined) return;
  const all: Buffer[] = [];
  for (let from = 0, to = bytes.indexOf(0); to >= 0; from = to + 1, to = bytes.indexOf(0, from)) {
    all.push(bytes.subarray(from, to));
  }
  const odd = all.slice(-words.length).findIndex((word) => !isUtf8(word));
  if (odd < 0) return;
  throw new CordonError(
    "usage",
    `Cannot read the arguments: the one in place ${odd + 1} is not UTF-8, and would be changed; write it in UTF-8`,
  );
}

function commandLine(): Buffer | undefined {
  try {
    return readFileSync("/proc/self/cmdline");
  } catch {
    return undefined;
  }
}
