import { setTimeout as delay } from "node:timers/promises";
import type { LogReader } from "../../../audit/store/log-reader.ts";
import { countLog, type LogEvent, type LogQuery, queryLog } from "../../../audit/store/query-log.ts";
import { CordonError } from "../../../shared/errors.ts";
import { quoteText } from "../../../shared/text/quote-text.ts";
import { Interruption } from "../../interruption.ts";
import { EXIT } from "../../output/exit-codes.ts";
import { fail } from "../../output/failure.ts";
import { printJson } from "../../output/json-output.ts";
import { logLine } from "../../output/log-lines.ts";
import { table } from "../../output/table.ts";
import { neutralisedLine } from "../../output/terminal.ts";
import { terminalWidth } from "../../output/width.ts";
import { type LogFlags, positionFrom, withLog } from "./open-log.ts";

/** What events are asked for by, as parsed. */
export interface FilterFlags extends LogFlags {
  readonly component?: string;
  readonly type?: string;
  readonly result?: string;
  readonly rule?: string;
  readonly invocation?: string;
  readonly since?: string;
  readonly until?: string;
  readonly text?: string;
}

/** The flags of `audit query`, as parsed. */
export interface QueryFlags extends FilterFlags {
  readonly limit: string;
  readonly before?: string;
}

/** The flags of `audit tail`, as parsed. */
export interface TailFlags extends FilterFlags {
  readonly lines: string;
  readonly follow?: boolean;
}

/** How often `tail -f` asks whether there is more, in milliseconds. */
const FOLLOW_MS = 200;

/** The most events of one answer. */
const MAX_EVENTS = 10_000;

/** `cordon audit query`: prints events that match, the newest first. Returns the exit code. */
export async function auditQueryCommand(flags: QueryFlags): Promise<number> {
  return withLog(flags, (log) => {
    const limit = countFrom(flags.limit, "--limit");
    const before = flags.before === undefined ? undefined : positionFrom(flags.before);
    const found = queryLog(log, { ...queryFrom(flags), before }, limit + 1);
    const events = found.slice(0, limit);
    const next = found.length > limit ? events.at(-1)?.position : undefined;
    if (flags.json === true) {
      printJson({ status: "ok", events, ...(next === undefined ? {} : { next }) }, process.stdout);
      return EXIT.done;
    }
    print(events);
    if (events.length === 0) process.stdout.write("No event matches\n");
    if (next !== undefined) process.stderr.write(`There are more: --before ${next} shows them\n`);
    return EXIT.done;
  });
}

/** `cordon audit tail`: prints the last events that match, and with `-f` those that come. Returns the exit code. */
export async function auditTailCommand(flags: TailFlags): Promise<number> {
  let last = -1;
  const show = (log: LogReader, events: readonly LogEvent[]): void => {
    if (flags.json === true) for (const event of events) process.stdout.write(`${JSON.stringify(event)}\n`);
    else print(events);
    last = Math.max(last, log.lastPosition());
  };
  const code = await withLog(flags, (log) => {
    show(log, queryLog(log, queryFrom(flags), countFrom(flags.lines, "--lines")).toReversed());
    return EXIT.done;
  });
  if (code !== EXIT.done || flags.follow !== true) return code;
  using interruption = new Interruption();
  try {
    for (;;) {
      await delay(FOLLOW_MS, undefined, { signal: interruption.signal });
      const followed = await withLog(flags, (log) => {
        const end = log.lastPosition();
        show(log, end === last ? [] : queryLog(log, { ...queryFrom(flags), from: last + 1 }, MAX_EVENTS));
        return EXIT.done;
      });
      if (followed !== EXIT.done) return followed;
    }
  } catch (thrown) {
    if (interruption.signal.aborted) return interruption.exitCode ?? EXIT.interrupted;
    return fail(thrown, flags.json);
  }
}

/** `cordon audit stats`: counts events that match by component, type and result. Returns the exit code. */
export async function auditStatsCommand(flags: FilterFlags): Promise<number> {
  return withLog(flags, (log) => {
    const counts = countLog(log, queryFrom(flags));
    if (flags.json === true) {
      printJson({ status: "ok", counts }, process.stdout);
      return EXIT.done;
    }
    const rows = counts.map(({ component, type, result, count }) => [
      neutralisedLine(component),
      type,
      result,
      String(count),
    ]);
    const lines = table([["COMPONENT", "TYPE", "RESULT", "EVENTS"], ...rows], { width: terminalWidth(process.stdout) });
    process.stdout.write(rows.length === 0 ? "No event matches\n" : `${lines.join("\n")}\n`);
    return EXIT.done;
  });
}

function print(events: readonly LogEvent[]): void {
  for (const event of events) process.stdout.write(`${logLine(event, process.stdout)}\n`);
}

function queryFrom({ component, type, result, rule, invocation, since, until, text }: FilterFlags): LogQuery {
  return {
    component,
    type,
    result,
    rule,
    invocation,
    text,
    since: since === undefined ? undefined : timeFrom(since, "--since"),
    until: until === undefined ? undefined : timeFrom(until, "--until"),
  };
}

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A moment, or how long ago it was. */
function timeFrom(text: string, flag: string): number {
  const [, amount, unit = ""] = /^(\d{1,9})([smhd])$/u.exec(text) ?? [];
  if (amount !== undefined) return Date.now() - Number(amount) * (UNITS[unit] ?? 0);
  const time = /^\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?$/u.test(text) ? Date.parse(text) : NaN;
  if (!Number.isNaN(time)) return time;
  throw new CordonError(
    "usage",
    `Cannot read ${flag} ${quoteText(text)}; write 90s, 15m, 2h or 7d ago, or 2027-01-31T12:00:00Z`,
  );
}

function countFrom(text: string, flag: string): number {
  const count = /^\d{1,5}$/u.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= MAX_EVENTS) return count;
  throw new CordonError("usage", `Cannot use ${flag} ${quoteText(text)}; give a number from 1 to ${MAX_EVENTS}`);
}
