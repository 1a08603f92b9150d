import type { LogEvent } from "../../audit/store/query-log.ts";
import { quoteText } from "../../shared/text/quote-text.ts";
import { neutralisedLine, type Output, styled } from "./terminal.ts";

/** How much of a resource a line shows, in UTF-16 code units. */
const SHOWN_RESOURCE = 200;

const STYLE = { Allowed: "good", Denied: "bad", Error: "warning", "would-deny": "warning" } as const;

/** One line for a person about one stored event. */
export function logLine(event: LogEvent, stream: Output): string {
  const result = styled(STYLE[event.result] ?? "warning", event.result.padEnd("Allowed".length), stream);
  const who = neutralisedLine(event.component_id);
  const reason = event.reason === undefined ? "" : styled("quiet", `  ${neutralisedLine(event.reason)}`, stream);
  const what = `${neutralisedLine(event.action)}(${quoteText(event.resource, SHOWN_RESOURCE)})`;
  return `${String(event.position).padStart(7)}  ${neutralisedLine(event.timestamp)}  ${result}  ${who}  ${what}${reason}`;
}
