import { readFileSync } from "node:fs";
import { logFiles, logKey } from "../../../audit/store/log-files.ts";
import { checkProof, proofOf } from "../../../audit/store/prove.ts";
import { readVerifierLine, verifierLine } from "../../../audit/tree/signed-note.ts";
import { CordonError, messageOf } from "../../../shared/errors.ts";
import { quoteText } from "../../../shared/text/quote-text.ts";
import { EXIT } from "../../output/exit-codes.ts";
import { fail } from "../../output/failure.ts";
import { printJson } from "../../output/json-output.ts";
import { neutralisedLine } from "../../output/terminal.ts";
import { type LogFlags, positionFrom, withLog } from "./open-log.ts";

/** The flags of `audit check-proof`, as parsed. */
export interface CheckProofFlags extends LogFlags {
  readonly key?: string;
}

/** `cordon audit prove POSITION`: prints a proof that an event is in the log. Returns the exit code. */
export async function auditProveCommand(position: string, flags: LogFlags): Promise<number> {
  return withLog(flags, (log) => {
    const proof = proofOf(log, positionFrom(position));
    if (flags.json === true) printJson({ status: "ok", proof }, process.stdout);
    else process.stdout.write(proof);
    return EXIT.done;
  });
}

/** `cordon audit check-proof FILE`: checks a proof without its log. Returns the exit code: 6 when it does not hold. */
export function auditCheckProofCommand(file: string, flags: CheckProofFlags): number {
  try {
    const key = flags.key === undefined ? logKey(logFiles(flags.log)) : readVerifierLine(flags.key);
    if (key === undefined) {
      throw new CordonError(
        "usage",
        `Cannot use ${quoteText(flags.key ?? "")} as a key; give the line that cordon audit key prints`,
      );
    }
    const { position, size, text } = checkProof(read(file), key);
    if (flags.json === true)
      printJson({ status: "ok", position, size, key: key.name, event: JSON.parse(text) as unknown }, process.stdout);
    else process.stdout.write(`event ${position} of ${size} in the log of ${key.name}:\n${neutralisedLine(text)}\n`);
    return EXIT.done;
  } catch (thrown) {
    return fail(thrown, flags.json);
  }
}

/** `cordon audit key`: prints the key that the log's checkpoints can be checked with. Returns the exit code. */
export function auditKeyCommand(flags: LogFlags): number {
  try {
    const line = verifierLine(logKey(logFiles(flags.log)));
    if (flags.json === true) printJson({ status: "ok", key: line }, process.stdout);
    else process.stdout.write(`${line}\n`);
    return EXIT.done;
  } catch (thrown) {
    return fail(thrown, flags.json);
  }
}

function read(file: string): string {
  try {
    return readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (thrown) {
    throw new CordonError("usage", `Cannot read the proof ${quoteText(file)}: ${messageOf(thrown)}`);
  }
}
