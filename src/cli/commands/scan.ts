import { readFile, stat } from "node:fs/promises";
import { hasFindingAtLeast, SEVERITIES } from "../../scanner/report.ts";
import { scanCode } from "../../scanner/scan.ts";
import { CordonError } from "../../shared/errors.ts";
import { quoteText } from "../../shared/text/quote-text.ts";
import { isStdin, readStdin } from "../flags/component-file.ts";
import { EXIT } from "../output/exit-codes.ts";
import { fail } from "../output/failure.ts";
import { Interruption } from "../interruption.ts";
import { printJson } from "../output/json-output.ts";
import { LoadProgress } from "../output/progress.ts";

/** The largest file that is scanned, in bytes. The scanner reads as many characters, so all of the file is scanned. */
const MAX_SCANNED_BYTES = 4_000_000;

/** How much of a word is put in a message, in characters. */
const SHOWN_WORD = 100;

/** The flags of `scan`, as parsed. */
export interface ScanFlags {
  readonly file?: string;
  readonly code?: string;
  readonly failOn: string;
  readonly json?: boolean;
}

/**
 * `cordon scan (--file F | --code C)`: prints the scanner's report as JSON. Returns the exit code.
 *
 * @param words What was written besides flags, which is nothing where all is well.
 */
export async function scanCommand(words: readonly string[], flags: ScanFlags): Promise<number> {
  using interruption = new Interruption();
  try {
    if (words.length > 0) throw misplaced(words);
    const code = await codeToScan(flags.file, flags.code, interruption.signal);
    using progress = new LoadProgress("the scanner", process.stderr);
    const report = await scanCode(code, { signal: interruption.signal, onStage: progress.stage });
    progress[Symbol.dispose]();
    printJson(flags.json === true ? { status: "ok", report } : report, process.stdout);
    const threshold = SEVERITIES.find((severity) => severity === flags.failOn);
    return threshold !== undefined && hasFindingAtLeast(report, threshold) ? EXIT.failed : EXIT.done;
  } catch (thrown) {
    return fail(thrown, flags.json, interruption.exitCode);
  }
}

function misplaced([word = ""]: readonly string[]): CordonError {
  const written = quoteText(word, SHOWN_WORD);
  return new CordonError(
    "usage",
    `Cannot scan ${written}: name a file with --file ${written}, or give code with --code`,
  );
}

async function codeToScan(file: string | undefined, code: string | undefined, signal: AbortSignal): Promise<string> {
  if ((file === undefined) === (code === undefined)) {
    throw new CordonError("usage", "Cannot scan: give either --file FILE or --code CODE");
  }
  if (code !== undefined) return code;
  if (file !== undefined && isStdin(file)) {
    return new TextDecoder().decode(await readStdin("scan what comes", { maxBytes: MAX_SCANNED_BYTES, signal }));
  }
  const path = file ?? "";
  const quoted = JSON.stringify(path);
  let bytes: Uint8Array;
  try {
    const found = await stat(path);
    if (!found.isFile())
      throw new CordonError("usage", `Cannot scan ${quoted}: it is no regular file; name a file of code`);
    if (found.size > MAX_SCANNED_BYTES) {
      throw new CordonError(
        "usage",
        `Cannot scan ${quoted}: ${found.size} bytes are over the bound of ${MAX_SCANNED_BYTES}`,
      );
    }
    bytes = await readFile(path);
  } catch (thrown) {
    if (thrown instanceof CordonError) throw thrown;
    const reason = typeof thrown === "object" && thrown !== null && "code" in thrown ? String(thrown.code) : "unknown";
    const words = reason === "ENOENT" ? "there is no such file; check the path" : `it cannot be read (${reason})`;
    throw new CordonError("usage", `Cannot scan ${quoted}: ${words}`, { cause: thrown });
  }
  // Bytes that are no UTF-8 become U+FFFD: a scanner that refused them could be got past with one.
  return new TextDecoder().decode(bytes);
}
