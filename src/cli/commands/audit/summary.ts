import { type LogEvent, queryLog } from "../../../audit/store/query-log.ts";
import { CordonError } from "../../../shared/errors.ts";
import { quoteText } from "../../../shared/text/quote-text.ts";
import { EXIT } from "../../output/exit-codes.ts";
import { printJson } from "../../output/json-output.ts";
import { table } from "../../output/table.ts";
import { neutralisedLine, styled } from "../../output/terminal.ts";
import { terminalWidth } from "../../output/width.ts";
import { type LogFlags, withLog } from "./open-log.ts";

/** How many events of a call are told of; the rest is counted. */
const MAX_EVENTS = 10_000;

/** How many lines each part has, so that all of it is on one screen. */
const MAX_LINES = 8;

/** How much of a resource a line shows, in UTF-16 code units. */
const SHOWN_RESOURCE = 120;

/** What a call did to one resource. */
interface Access {
  readonly action: string;
  readonly resource: string;
  readonly result: LogEvent["result"];
  readonly reason: string | undefined;
  count: number;
}

/** `cordon audit summary INVOCATION`: tells what one call did, on a screen. Returns the exit code. */
export async function auditSummaryCommand(invocation: string, flags: LogFlags): Promise<number> {
  return withLog(flags, (log) => {
    if (!/^[0-9a-f]{16}-\d{1,15}$/u.test(invocation)) {
      const message = `Cannot tell of ${quoteText(invocation)}: a call is known by what its events have as invocation, such as 0123456789abcdef-1`;
      throw new CordonError("usage", message);
    }
    const events = queryLog(log, { invocation, from: 0 }, MAX_EVENTS);
    const [first] = events;
    const last = events.at(-1);
    if (first === undefined || last === undefined) {
      throw new CordonError("usage", `Cannot tell of ${invocation}: the log has no event of it`);
    }
    const accesses = accessesOf(events);
    const document = {
      invocation,
      component: first.component_id,
      digest: first.component_digest,
      policy: first.policy_version,
      from: first.timestamp,
      until: last.timestamp,
      events: events.length,
      accesses,
    };
    if (flags.json === true) {
      printJson({ status: "ok", ...document }, process.stdout);
      return EXIT.done;
    }
    const head = [
      ["component", neutralisedLine(`${first.component_id} ${first.component_digest ?? ""}`)],
      ["policy", first.policy_version ?? "none: grants alone"],
      ["time", `${first.timestamp} to ${last.timestamp}`],
      ["events", events.length === MAX_EVENTS ? `the first ${MAX_EVENTS}` : String(events.length)],
    ];
    process.stdout.write(`${table(head, { width: terminalWidth(process.stdout) }).join("\n")}\n`);
    for (const [result, title] of [
      ["Denied", "denied"],
      ["would-deny", "would be denied"],
      ["Error", "failed"],
      ["Allowed", "allowed"],
    ] as const) {
      part(
        title,
        accesses.filter((access) => access.result === result),
      );
    }
    return EXIT.done;
  });
}

function part(title: string, accesses: readonly Access[]): void {
  if (accesses.length === 0) return;
  const rows = accesses
    .slice(0, MAX_LINES)
    .map(({ count, action, resource, reason }) => [
      `  ${count}x`,
      neutralisedLine(action),
      quoteText(resource, SHOWN_RESOURCE),
      neutralisedLine(reason ?? ""),
    ]);
  const lines = table(rows, { width: terminalWidth(process.stdout) });
  const more = accesses.length > MAX_LINES ? [`  and ${accesses.length - MAX_LINES} more: --json has them`] : [];
  process.stdout.write(`\n${styled("quiet", title, process.stdout)}\n${[...lines, ...more].join("\n")}\n`);
}

/** Equal accesses are one, the most frequent first. */
function accessesOf(events: readonly LogEvent[]): readonly Access[] {
  const found = new Map<string, Access>();
  for (const { action, resource, result, reason } of events) {
    const key = JSON.stringify([action, resource, result, reason]);
    const known = found.get(key);
    if (known === undefined) found.set(key, { action, resource, result, reason, count: 1 });
    else known.count += 1;
  }
  return [...found.values()].sort((one, other) => other.count - one.count);
}
