import { once } from "node:events";
import { exportTiles } from "../../../audit/store/export-tiles.ts";
import { CordonError } from "../../../shared/errors.ts";
import { quoteText } from "../../../shared/text/quote-text.ts";
import { EXIT } from "../../output/exit-codes.ts";
import { printJson } from "../../output/json-output.ts";
import { neutralisedLine } from "../../output/terminal.ts";
import { type LogFlags, withLog } from "./open-log.ts";

/** The flags of `audit export`, as parsed. */
export interface AuditExportFlags extends LogFlags {
  readonly format: "jsonl" | "tiles";
  readonly output?: string;
}

/** How many events are read at a time. */
const CHUNK = 1_000;

/** `cordon audit export`: writes all events to stdout, or the log as other verifiers read it into a folder. Returns the exit code. */
export async function auditExportCommand(flags: AuditExportFlags): Promise<number> {
  return withLog(flags, async (log) => {
    if (flags.format === "jsonl") {
      if (flags.output !== undefined || flags.json === true) {
        const reason = "events go to stdout, a line of JSON each; redirect that, without --output and --json";
        throw new CordonError("usage", `Cannot export events as asked: ${reason}`);
      }
      const { size } = log.tree();
      for (let start = 0; start < size; start += CHUNK) {
        const lines = log.texts(start, Math.min(start + CHUNK, size)).map(({ text }) => `${text}\n`);
        // No faster than they are read: a log is larger than what should be held.
        if (!process.stdout.write(lines.join(""))) await once(process.stdout, "drain");
      }
      return EXIT.done;
    }
    if (flags.output === undefined) {
      throw new CordonError("usage", "Cannot export tiles: they are many files; name a new folder with --output");
    }
    const size = exportTiles(log, flags.output);
    if (flags.json === true) printJson({ status: "ok", events: size, folder: flags.output }, process.stdout);
    else process.stdout.write(`${size} events and their tree are in ${neutralisedLine(quoteText(flags.output))}\n`);
    return EXIT.done;
  });
}
