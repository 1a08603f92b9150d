import type { AuditEvent } from "../../audit/event.ts";
import { escapeInvisible, quoteText } from "../../shared/text/quote-text.ts";
import { neutralisedLine, type Output, styled } from "./terminal.ts";

/** What an allowed call did, in words; the resource follows in quotes. */
const DONE: Readonly<Record<string, string>> = {
  "filesystem-read.read-file": "read file",
  "filesystem-write.write-file": "wrote file",
  "network.http-get": "fetched",
  "network.http-post": "posted to",
};

/** How much of a resource a line shows, in UTF-16 code units; the audit file has 4,096. */
const SHOWN_RESOURCE = 300;

/** One line for a person about one access: `[DENIED]`, `[WOULD DENY]`, `[ALLOWED]` or `[ERROR]`, and for a denial what would allow it. */
export function auditLine(event: AuditEvent, stream: Output): string {
  if (event.eventType === "PolicyChange") return policyLine(event, stream);
  const who = `Component ${singleQuoted(event.componentId)}`;
  const reason = neutralisedLine(event.reason ?? "");
  const attempt = `attempted ${event.action}(${quoteText(event.resource, SHOWN_RESOURCE)})`;
  if (event.result === "Allowed") {
    const done = DONE[event.action] ?? event.action;
    return `${styled("good", "[ALLOWED]", stream)} ${who} ${done} ${singleQuoted(event.resource)} successfully`;
  }
  if (event.result === "Error") return `${styled("warning", "[ERROR]", stream)} ${who} ${attempt}: ${reason}`;
  if (event.result === "would-deny") {
    const would = `${styled("warning", "[WOULD DENY]", stream)} ${who} ${attempt}, which the policy denies`;
    return reason === "" ? would : `${would}\n${styled("quiet", `         ${reason}`, stream)}`;
  }
  const line = `${styled("bad", "[DENIED]", stream)} ${who} ${attempt} without permission`;
  return reason === "" ? line : `${line}\n${styled("quiet", `         ${reason}`, stream)}`;
}

/** One line about a change of the policy. */
function policyLine({ result, componentId, reason = "" }: AuditEvent, stream: Output): string {
  const [shown, said] = result === "Allowed" ? (["good", "[POLICY]"] as const) : (["warning", "[POLICY]"] as const);
  return `${styled(shown, said, stream)} of ${singleQuoted(componentId)}: ${neutralisedLine(reason)}`;
}

/** Text in single quotes: what is inside cannot close them. */
function singleQuoted(text: string): string {
  const shown = text.slice(0, SHOWN_RESOURCE);
  const inner = escapeInvisible(shown.replaceAll(/[\\']/g, String.raw`\$&`));
  return `'${inner}'${shown.length < text.length ? "…" : ""}`;
}
