import { existsSync } from "node:fs";
import { type LogFiles, logFiles } from "../../../audit/store/log-files.ts";
import { LogReader } from "../../../audit/store/log-reader.ts";
import { CordonError } from "../../../shared/errors.ts";
import { quoteText } from "../../../shared/text/quote-text.ts";
import { fail } from "../../output/failure.ts";

/** What all commands about the log take. */
export interface LogFlags {
  readonly log?: string;
  readonly json?: boolean;
}

/** Does work with the log that is asked for. Returns the exit code, of the work or of what it throws. */
export async function withLog(
  flags: LogFlags,
  work: (log: LogReader, files: LogFiles) => number | Promise<number>,
): Promise<number> {
  try {
    const files = logFiles(flags.log);
    if (!existsSync(files.database)) {
      const hint = flags.log === undefined ? "runs with --audit-log make it" : "check the path";
      throw new CordonError("usage", `Cannot read the audit log ${quoteText(files.database)}: there is none; ${hint}`);
    }
    using log = new LogReader(files.database);
    return await work(log, files);
  } catch (thrown) {
    return fail(thrown, flags.json);
  }
}

/** A position in the log, from the command line. @throws CordonError `usage` for what is none. */
export function positionFrom(text: string): number {
  if (/^\d{1,15}$/u.test(text)) return Number(text);
  throw new CordonError(
    "usage",
    `Cannot use ${quoteText(text)} as an event: it is known by its position, a number from 0`,
  );
}
