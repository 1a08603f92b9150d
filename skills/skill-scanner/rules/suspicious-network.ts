import { isPublicAddress, suspiciousDestinations } from "../indicators.ts";
import { argument } from "../python-calls.ts";
import { LABEL, SECRET_LABELS } from "../python-values.ts";
import { destinationOf, networkCall } from "./network-calls.ts";
import type { Rules } from "./rule.ts";

const CATEGORY = "suspicious_network";

/** A longer destination is looked at where it stands, not again at every use. */
const MAX_URL = 4_096;

const CONNECTS = new Set(["socket.socket().connect", "socket.socket().connect_ex", "socket.create_connection"]);

/** Known exfiltration endpoints, raw sockets, reverse shells. */
export const suspiciousNetwork: Rules = {
  text(text, line, context) {
    let at = text.indexOf("\n");
    let on = line;
    for (const destination of suspiciousDestinations(text)) {
      for (; at !== -1 && at < destination.at; at = text.indexOf("\n", at + 1)) on += 1;
      const { severity, description } = destination;
      context.report({ category: CATEGORY, severity, line: on, description });
    }
  },
  call(call, context) {
    const { name, line } = call;
    const network = networkCall(call);
    if (network !== undefined) {
      const target = destinationOf(call, network)?.text ?? "";
      const worst = target.length > MAX_URL ? undefined : suspiciousDestinations(target)[0];
      if (worst !== undefined) {
        const description = `Request to a suspicious destination. ${worst.description}`;
        context.report({ category: CATEGORY, severity: worst.severity, line, description, subject: worst.description });
      }
    }
    if (name === undefined) return undefined;
    if (CONNECTS.has(name)) {
      context.note("connect", line);
      const target = argument(call.args, 0).items?.[0]?.text ?? "";
      const severity = isPublicAddress(target) ? "high" : "medium";
      context.report({ category: CATEGORY, severity, line, description: "Connection over a raw socket" });
    } else if (name === "socket.socket().bind") {
      context.report({ category: CATEGORY, severity: "low", line, description: "Program listens on a raw socket" });
    } else if ((name === "os.dup2" && (argument(call.args, 1).number ?? 0) <= 2) || name === "pty.spawn") {
      context.note("shell", line);
    } else if (
      name.startsWith("subprocess.") &&
      ["bash", "/bin/sh", "/bin/bash", "sh", "cmd.exe"].includes(
        shellOf(call.args.positional[0]?.items?.[0]?.text, argument(call.args, 0).text),
      )
    ) {
      context.note("shell", line);
    }
    const connects = (argument(call.args, 0).labels & SECRET_LABELS) !== 0 && name === "socket.gethostbyname";
    if (connects)
      context.report({ category: CATEGORY, severity: "critical", line, description: "Secret in a DNS query" });
    return name === "socket.socket().recv" ? LABEL.remote : undefined;
  },
  end(context) {
    const line = context.noted("connect");
    if (line === undefined || context.noted("shell") === undefined) return;
    const description = "Reverse shell: a socket is connected and a shell attached to it";
    context.report({
      category: CATEGORY,
      severity: "critical",
      line,
      description,
      subject: "Connection over a raw socket",
    });
  },
};

function shellOf(first: string | undefined, whole: string | undefined): string {
  return first ?? whole?.split(" ", 1)[0] ?? "";
}
