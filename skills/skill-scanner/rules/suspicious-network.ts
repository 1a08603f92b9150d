import { isPublicAddress, suspiciousDestinations } from "../indicators.ts";
import type { Call } from "../python-calls.ts";
import { argument } from "../python-calls.ts";
import { LABEL, SECRET_LABELS } from "../python-values.ts";
import { destinationOf, networkCall } from "./network-calls.ts";
import type { Rules } from "./rule.ts";

const CATEGORY = "suspicious_network";

/** A longer destination is looked at where it stands, not again at every use. */
const MAX_URL = 4_096;

const SHELLS = new Set("sh bash zsh /bin/sh /bin/bash /bin/zsh cmd.exe cmd powershell.exe".split(" "));

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
    } else if (startsShell(call)) {
      context.note("shell", line);
    } else if (name === "socket.gethostbyname" && (argument(call.args, 0).labels & SECRET_LABELS) !== 0) {
      context.report({ category: CATEGORY, severity: "critical", line, description: "Secret in a DNS query" });
    }
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

/** True for what a reverse shell does after it connects: standard streams redirected, a shell started. */
function startsShell({ name = "", args }: Call): boolean {
  const first = argument(args, 0);
  if (name === "pty.spawn") return true;
  if (name === "os.dup2") return (argument(args, 1).number ?? 0) <= 2;
  if (!name.startsWith("subprocess.")) return false;
  const program = first.items?.[0]?.text ?? first.text?.slice(0, 100).split(" ", 1)[0] ?? "";
  return SHELLS.has(program);
}
