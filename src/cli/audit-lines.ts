import type { AuditEvent } from "../audit/event.ts";
import { neutralisedLine, type Output, styled } from "./terminal.ts";

/** What an allowed call did, in words; the resource follows in quotes. */
const DONE: Readonly<Record<string, string>> = {
  "filesystem-read.read-file": "read file",
  "filesystem-write.write-file": "wrote file",
  "network.http-get": "fetched",
  "network.http-post": "posted to",
};

/** One line for a person about one access: `[DENIED]`, `[ALLOWED]` or `[ERROR]`, and for a denial what would allow it. */
export function auditLine(event: AuditEvent, stream: Output): string {
  const who = `Component '${neutralisedLine(event.componentId)}'`;
  const resource = neutralisedLine(event.resource);
  const reason = event.reason === undefined ? "" : neutralisedLine(event.reason);
  const call = `${event.action}(${JSON.stringify(resource).replaceAll("\\\\", "\\")})`;
  switch (event.result) {
    case "Allowed":
      return `${styled("good", "[ALLOWED]", stream)} ${who} ${DONE[event.action] ?? event.action} '${resource}' successfully`;
    case "Denied": {
      const line = `${styled("bad", "[DENIED]", stream)} ${who} attempted ${call} without permission`;
      return reason === "" ? line : `${line}\n${styled("quiet", `         ${reason}`, stream)}`;
    }
    case "Error":
      return `${styled("warning", "[ERROR]", stream)} ${who} attempted ${call}: ${reason}`;
  }
}
