import { environmentVariableKind } from "../indicators.ts";
import type { Call } from "../python-calls.ts";
import { argument, argumentsOf, exactName } from "../python-calls.ts";
import { HOLE, LABEL, SECRET_LABELS } from "../python-values.ts";
import { destinationOf, networkCall } from "./network-calls.ts";
import type { RuleContext, Rules } from "./rule.ts";

const CATEGORY = "api_exfiltration";

/** Calls that read one environment variable. */
const READS = new Set([
  "os.getenv",
  "os.environ.get",
  "os.environ.__getitem__",
  "os.environ.pop",
  "os.environ.__getitem__().get",
  "decouple.config",
]);

const ENV_FILE_READERS = new Set([
  "builtins.open",
  "io.open",
  "codecs.open",
  "pathlib.Path().read_text",
  "pathlib.Path().open",
]);
const DOTENV = new Set(["dotenv.load_dotenv", "dotenv.dotenv_values", "dotenv.get_key", "environ.Env.read_env"]);

/** Arguments that describe a request rather than carry its data. */
const HEADERS = new Set(["headers", "auth", "cookies", "cert"]);
const NOT_DATA = new Set([...HEADERS, "url", "timeout", "verify", "proxies", "allow_redirects", "context"]);

/** Environment access, environment files, and secrets that go out over the network. */
export const apiExfiltration: Rules = {
  import(module, member, line, context) {
    if (module === "dotenv" || module.startsWith("dotenv.")) {
      const description = "Import of dotenv, which loads secrets from environment files";
      context.report({ category: CATEGORY, severity: "medium", line, description });
    } else if (module === "os" && member === "environ") {
      const description = "Import of the process environment";
      context.report({ category: CATEGORY, severity: "low", line, description });
    }
  },
  use(value, line, operator, context) {
    if (value.name !== "os.environ" || operator === "in") return;
    const description = "The whole environment used as a value - secrets in it can leak";
    context.report({ category: CATEGORY, severity: "high", line, description });
  },
  call(call, context) {
    const labels = environmentRead(call, context) ?? environmentFile(call, context);
    sentSecrets(call, context);
    return labels;
  },
};

function environmentRead(call: Call, context: RuleContext): number | undefined {
  const { name, line } = call;
  if (name === undefined) return undefined;
  if (READS.has(name)) {
    const key = argument(call.args, 0, "key");
    const text = exactName(key);
    if (text === undefined) {
      const description = "Environment variable with a computed name";
      context.report({ category: CATEGORY, severity: "medium", line, description });
      return LABEL.secret;
    }
    return namedVariable(text, line, context);
  }
  if (name === "os.path.expandvars") {
    const text = argument(call.args, 0).text ?? "";
    const variable = /[$%]\{?(\w{1,100})/.exec(text.slice(0, 1000))?.[1];
    return variable === undefined ? undefined : namedVariable(variable, line, context);
  }
  if (["os.environ.items", "os.environ.values", "os.environ.copy"].includes(name)) {
    const severity = name === "os.environ.copy" ? "medium" : "high";
    const description = "Every environment variable is read";
    context.report({ category: CATEGORY, severity, line, description });
    return LABEL.environment;
  }
  return undefined;
}

function namedVariable(name: string, line: number, context: RuleContext): number {
  const kind = environmentVariableKind(name);
  if (kind === "secret") {
    const description = `Environment variable ${name.slice(0, 60)} is read - its name is that of a secret`;
    context.report({ category: CATEGORY, severity: "high", line, description, subject: "environment secret" });
    return LABEL.secret;
  }
  if (kind === "plain") {
    const description = `Environment variable ${name.slice(0, 60)} is read`;
    context.report({ category: CATEGORY, severity: "low", line, description });
  }
  return 0;
}

function environmentFile(call: Call, context: RuleContext): number | undefined {
  const { name, line } = call;
  if (name === undefined) return undefined;
  const opens =
    ENV_FILE_READERS.has(name) && ((argument(call.args, 0).labels | call.receiver.labels) & LABEL.envFile) !== 0;
  if (!opens && !DOTENV.has(name)) return undefined;
  const description = "Environment file is loaded - it usually holds API keys";
  context.report({ category: CATEGORY, severity: "high", line, description });
  return LABEL.secret;
}

function sentSecrets(call: Call, context: RuleContext): void {
  const network = networkCall(call);
  if (network === undefined) return;
  const { line } = call;
  const destination = destinationOf(call, network);
  const inUrl = destination?.text !== undefined && destination.text !== HOLE ? destination.labels : 0;
  const positional = call.args.positional.filter((value) => value !== destination);
  const data = argumentsOf({ positional, keywords: call.args.keywords }, NOT_DATA);
  const headers = argumentsOf({
    positional: [],
    keywords: new Map([...call.args.keywords].filter(([name]) => HEADERS.has(name))),
  });

  if ((data.labels & SECRET_LABELS) !== 0 || (headers.labels & (SECRET_LABELS & ~LABEL.authorisation)) !== 0) {
    const authOnly = (data.labels & SECRET_LABELS) === 0 && call.args.keywords.get("headers") === undefined;
    if (authOnly) {
      authorised(line, context);
      return;
    }
    const queryOnly = !network.sends && (data.labels & (LABEL.environment | LABEL.credential)) === 0;
    const description = `${secretIn(data.labels | headers.labels)} sent over the network`;
    context.report({
      category: CATEGORY,
      severity: queryOnly ? "high" : "critical",
      line,
      description,
      subject: "sent",
    });
    for (const origin of [...data.origins, ...headers.origins]) {
      if (origin.kind !== "stored" || origin.line === line) continue;
      const what = "Secret put into data that is later sent over the network";
      context.report({ category: CATEGORY, severity: "high", line: origin.line, description: what });
    }
  } else if ((inUrl & SECRET_LABELS) !== 0) {
    const severity = (inUrl & (LABEL.environment | LABEL.credential)) !== 0 ? "critical" : "high";
    context.report({
      category: CATEGORY,
      severity,
      line,
      description: `${secretIn(inUrl)} put into a URL`,
      subject: "sent",
    });
  } else if ((headers.labels & LABEL.authorisation) !== 0) {
    authorised(line, context);
  } else if (network.sends && ((data.labels | inUrl) & LABEL.file) !== 0) {
    const description = "Content of a local file sent over the network";
    context.report({ category: CATEGORY, severity: "high", line, description, subject: "sent" });
  }
}

function authorised(line: number, context: RuleContext): void {
  const description = "Secret sent as authorisation - make sure the host is the one it belongs to";
  context.report({ category: CATEGORY, severity: "low", line, description, subject: "sent" });
}

function secretIn(labels: number): string {
  if ((labels & LABEL.environment) !== 0) return "The environment";
  if ((labels & LABEL.credential) !== 0) return "Content of a credential file";
  return "Value of a secret environment variable";
}
