import { credentialPath, isEnvironmentFile } from "./credential-paths.ts";
import type { Report, Severity } from "./finding.ts";
import { environmentVariableKind, suspiciousDestinations } from "./indicators.ts";
import type { Language } from "./language.ts";
import type { Command } from "./shell-commands.ts";
import { parseShell } from "./shell-commands.ts";

/** What the analysis needs of the scan it is part of. */
export interface ShellContext {
  readonly report: Report;
  nested(code: string, line: number, how: string): boolean;
  /** Reads a part of the script in the given languages, or in those it looks like; it starts at line `line`. */
  block(code: string, line: number, languages: readonly Language[] | undefined): void;
}

const INTERPRETERS = /^(?:ba|z|da|k)?sh$|^(?:python|perl|ruby|node|php|pwsh|powershell)[\d.]*$/;
const DOWNLOADERS = new Set(["curl", "wget", "fetch", "aria2c"]);
const SENDERS = new Set([
  ...DOWNLOADERS,
  "nc",
  "ncat",
  "netcat",
  "scp",
  "rsync",
  "sftp",
  "ftp",
  "socat",
  "telnet",
  "http",
  "https",
]);
const READERS = new Set(
  "cat cp mv scp rsync tar zip gzip base64 xxd head tail less more grep sed awk dd openssl curl wget nc strings sqlite3 tee find".split(
    " ",
  ),
);
const PREFIXES = new Set([
  "sudo",
  "nohup",
  "exec",
  "command",
  "env",
  "time",
  "then",
  "do",
  "else",
  "if",
  "while",
  "!",
  "setsid",
]);
const WRITES_FILES = new Set([
  "-d",
  "--data",
  "--data-binary",
  "--data-raw",
  "--data-urlencode",
  "-F",
  "--form",
  "-T",
  "--upload-file",
  "--post-file",
  "--post-data",
]);

/** What the commands before the one at hand put into the pipe. */
interface Pipeline {
  downloaded: boolean;
  decoded: boolean;
  environment: boolean;
  credentials: boolean;
}

/** Finds problems in shell scripts: pipelines and substitutions are followed, variables are not. */
export function analyseShell(code: string, scan: ShellContext): void {
  const { commands, documents } = parseShell(code);
  let pipeline = emptyPipeline();
  for (const command of commands) {
    const head = headOf(command);
    if (command.piped) inspectPipeline(command, head, pipeline, scan);
    else pipeline = emptyPipeline();
    inspectCommand(command, head, scan);
    const credentials = inspectWords(command, head, scan);
    pipeline.downloaded ||= DOWNLOADERS.has(head);
    pipeline.decoded ||= isDecoder(command, head);
    pipeline.environment ||= head === "printenv" || (command.words.length === 1 && command.words[0] === "env");
    pipeline.credentials ||= credentials;
  }
  for (const { text, line, command } of documents) {
    const head = baseName(command);
    if (!INTERPRETERS.test(head)) continue;
    scan.block(text, line, head.endsWith("sh") ? ["shell"] : undefined);
  }
}

function emptyPipeline(): Pipeline {
  return { downloaded: false, decoded: false, environment: false, credentials: false };
}

function baseName(word: string): string {
  return word.slice(word.lastIndexOf("/") + 1);
}

/** The program a command runs: assignments, `sudo` and the like skipped. */
function headOf(command: Command): string {
  for (const word of command.words.slice(0, 16)) {
    if (/^\w{1,60}=/.test(word) || PREFIXES.has(word) || word.startsWith("-")) continue;
    return baseName(word);
  }
  return baseName(command.words[0] ?? "");
}

function isDecoder(command: Command, head: string): boolean {
  if (head === "base64") return command.words.some((word) => /^-(?:\w{0,5}[dD]|-decode)/.test(word));
  return head === "xxd" || head === "openssl" || head === "uudecode";
}

function inspectPipeline(command: Command, head: string, before: Pipeline, scan: ShellContext): void {
  const { line } = command;
  if (INTERPRETERS.test(head) && before.decoded) {
    const description = "Decoded text is piped into an interpreter";
    scan.report({ category: "obfuscated_code", severity: "critical", line, description });
  } else if (INTERPRETERS.test(head) && before.downloaded) {
    const description = "Download is piped into an interpreter";
    scan.report({ category: "dangerous_imports", severity: "high", line, description });
  }
  if (SENDERS.has(head) && (before.environment || before.credentials)) {
    const description = `${before.environment ? "The environment" : "A credential file"} is sent over the network`;
    scan.report({ category: "api_exfiltration", severity: "critical", line, description });
  }
}

function inspectCommand(command: Command, head: string, scan: ShellContext): void {
  const { words, line } = command;
  const text = words.length < 200 ? words.join(" ").slice(0, 20_000) : "";
  if (/\/dev\/(?:tcp|udp)\//.test(text)) {
    scan.report({
      category: "suspicious_network",
      severity: "critical",
      line,
      description: "Reverse shell or raw connection over /dev/tcp",
    });
  }
  if (["nc", "ncat", "netcat"].includes(head)) {
    const severity: Severity = words.some((word) => /^-\w{0,5}[ec]/.test(word)) ? "critical" : "medium";
    scan.report({ category: "suspicious_network", severity, line, description: "Raw network connection with netcat" });
  }
  const executes = INTERPRETERS.test(head) || head === "eval" || head === "source" || head === ".";
  if (executes && words.some((word) => /\$\((?:curl|wget)/.test(word))) {
    scan.report({ category: "dangerous_imports", severity: "high", line, description: "Download is executed" });
  }
  if (executes && words.some((word) => /\$\((?:base64|xxd)/.test(word))) {
    scan.report({ category: "obfuscated_code", severity: "high", line, description: "Decoded text is executed" });
  }
  if (head === "eval" && words.some((word) => word.includes("$"))) {
    scan.report({
      category: "obfuscated_code",
      severity: "medium",
      line,
      description: "Computed text is executed by eval",
    });
  }
  if ((head === "source" || head === ".") && words.some(isEnvironmentFile)) {
    scan.report({ category: "api_exfiltration", severity: "medium", line, description: "Environment file is loaded" });
  }
  if (INTERPRETERS.test(head)) {
    const flag = words.findIndex((word) => word === "-c" || word === "-e");
    const script = flag === -1 ? undefined : words[flag + 1];
    if (script !== undefined)
      scan.nested(head.endsWith("sh") ? `#!/bin/sh\n${script}` : script, line, "In a command: ");
  }
  if (SENDERS.has(head)) inspectSender(command, scan);
}

function inspectSender(command: Command, scan: ShellContext): void {
  const { words, line } = command;
  let critical: string | undefined;
  let file = false;
  for (const [at, word] of words.entries()) {
    const flag = words[at - 1] ?? "";
    const carries = WRITES_FILES.has(flag) || WRITES_FILES.has(word.split("=", 1)[0] ?? "");
    const at_ = word.lastIndexOf("@");
    const path = at_ === -1 ? word : word.slice(at_ + 1);
    if (credentialPath(path) !== undefined && !word.startsWith("-i"))
      critical = "Credential file is sent over the network";
    else if (carries && at_ !== -1) file = true;
    if (/^-(?:H|-header)/.test(flag)) continue;
    const variable = /\$\{?(\w{1,60})/.exec(word.slice(0, 2_000))?.[1];
    const secret = variable !== undefined && environmentVariableKind(variable) === "secret";
    if (secret && (carries || word.includes("://"))) critical = "Secret variable is sent over the network";
    if (/\$\((?:env|printenv|cat)/.test(word)) critical = "Output of a command is sent over the network";
  }
  if (critical !== undefined) {
    scan.report({ category: "api_exfiltration", severity: "critical", line, description: critical });
  } else if (file) {
    scan.report({
      category: "api_exfiltration",
      severity: "medium",
      line,
      description: "File is sent over the network",
    });
  }
}

/** Looks at each word; true if one names a credential file that the command reads. */
function inspectWords(command: Command, head: string, scan: ShellContext): boolean {
  const { line } = command;
  let credentials = false;
  for (const word of command.words) {
    for (const { severity, description } of suspiciousDestinations(word)) {
      scan.report({ category: "suspicious_network", severity, line, description });
    }
    const found = credentialPath(word.replace(/^[<>]+/, "").replace(/^\$\{?HOME\}?/, "~"));
    if (found === undefined) continue;
    const reads = READERS.has(head) || word.startsWith("<") || word.startsWith(">");
    credentials ||= reads;
    const severity = reads ? found.severity : "low";
    const description = reads ? `Access to ${found.what}` : `Path of ${found.what}`;
    scan.report({ category: "credential_access", severity, line, description, subject: found.what });
  }
  return credentials;
}
