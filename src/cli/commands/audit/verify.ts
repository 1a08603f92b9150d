import { readFileSync } from "node:fs";
import { lastCheckpoint, logKey } from "../../../audit/store/log-files.ts";
import { type OuterCheckpoint, verifyLog } from "../../../audit/store/verify-log.ts";
import { CordonError, messageOf } from "../../../shared/errors.ts";
import { quoteText } from "../../../shared/text/quote-text.ts";
import { EXIT } from "../../output/exit-codes.ts";
import { printJson } from "../../output/json-output.ts";
import { neutralisedLine, styled } from "../../output/terminal.ts";
import { type LogFlags, withLog } from "./open-log.ts";

/** The flags of `audit verify`, as parsed. */
export interface AuditVerifyFlags extends LogFlags {
  readonly checkpoint?: readonly string[];
}

/** `cordon audit verify`: checks that the log is as it was written. Returns the exit code: 6 when it is not. */
export async function auditVerifyCommand(flags: AuditVerifyFlags): Promise<number> {
  return withLog(flags, (log, files) => {
    const beside = lastCheckpoint(files);
    const outer: OuterCheckpoint[] = (flags.checkpoint ?? []).map((path) => ({ note: read(path), from: path }));
    if (beside !== undefined) outer.push({ note: beside, from: files.checkpoint });
    const key = logKey(files);
    const found = verifyLog(log, key, outer);
    const { size, signed, checkpoints, fault } = found;
    if (flags.json === true) {
      printJson(
        { status: fault === undefined ? "ok" : "altered", log: files.database, key: key.name, ...found },
        process.stdout,
      );
    } else if (fault === undefined) {
      process.stdout.write(
        `${styled("good", "unaltered", process.stdout)}  ${count(size, "event")}, ${signed} of them under ${count(checkpoints, "checkpoint")} of ${key.name}\n`,
      );
    } else {
      process.stdout.write(`${styled("bad", "altered", process.stdout)}  ${neutralisedLine(fault.message)}\n`);
    }
    return fault === undefined ? EXIT.done : EXIT.signature;
  });
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (thrown) {
    throw new CordonError("usage", `Cannot read the checkpoint ${quoteText(path)}: ${messageOf(thrown)}`);
  }
}
