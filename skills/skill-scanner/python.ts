import { Budget } from "./budget.ts";
import { credentialPath, isEnvironmentFile } from "./credential-paths.ts";
import type { Report } from "./finding.ts";
import type { Call } from "./python-calls.ts";
import { argument, argumentsOf, exactName, formatText, resultOf, reversed } from "./python-calls.ts";
import type { Machine } from "./python-machine.ts";
import { canonicalName, Names } from "./python-names.ts";
import { reflection } from "./python-reflection.ts";
import type { Arguments } from "./python-semantics.ts";
import { execute } from "./python-statements.ts";
import type { LogicalLine, Token } from "./python-tokens.ts";
import { logicalLines } from "./python-tokens.ts";
import type { Value } from "./python-values.ts";
import {
  either,
  LABEL,
  literal,
  named,
  SECRET_LABELS,
  tainted,
  union,
  UNKNOWN,
  withLabels,
  withOrigin,
} from "./python-values.ts";
import { apiExfiltration } from "./rules/api-exfiltration.ts";
import { credentialAccess } from "./rules/credential-access.ts";
import { dangerousImports } from "./rules/dangerous-imports.ts";
import { networkCall } from "./rules/network-calls.ts";
import { obfuscatedCode } from "./rules/obfuscated-code.ts";
import type { RuleContext, Rules } from "./rules/rule.ts";
import { suspiciousNetwork } from "./rules/suspicious-network.ts";

const RULES: readonly Rules[] = [
  apiExfiltration,
  suspiciousNetwork,
  credentialAccess,
  obfuscatedCode,
  dangerousImports,
];

/** Up to this length, in UTF-16 units, a file is read twice before the reading that reports. */
const SMALL = 100_000;

/** Up to this length it is read once before, beyond it not at all. */
const LARGE = 1_000_000;

/** Characters that are folded, decoded and looked into in one reading. */
const TEXT_BUDGET = 1_000_000;

const FILE_READERS = new Set(
  "builtins.open io.open codecs.open aiofiles.open pathlib.Path().open pathlib.Path().read_text pathlib.Path().read_bytes".split(
    " ",
  ),
);

/** Methods that put their arguments into what they are called on. */
const MUTATORS = new Set("append extend update add insert setdefault appendleft write writestr put".split(" "));

const AUTH_HEADERS = new Set([
  "authorization",
  "x-api-key",
  "api-key",
  "x-auth-token",
  "x-goog-api-key",
  "private-token",
  "apikey",
  "proxy-authorization",
]);

/** What the analysis needs of the scan it is part of. */
export interface ScanContext {
  readonly report: Report;
  nested(code: string, line: number, how: string): boolean;
}

/**
 * Finds problems in Python source. The file is followed statement by statement: imports, aliases, constant texts, and
 * where data comes from and goes to. Names defined after their use are known from an earlier reading.
 */
export function analysePython(source: string, scan: ScanContext): void {
  const analysis = new PythonAnalysis(scan);
  if (source.length <= SMALL) {
    const lines = [...logicalLines(source)];
    for (const reporting of [false, false, true]) analysis.read(lines, reporting);
  } else {
    // The tokens of a large file would take too much memory: each reading makes them anew.
    for (const reporting of source.length <= LARGE ? [false, true] : [true]) {
      analysis.read(logicalLines(source), reporting);
    }
  }
}

class PythonAnalysis implements Machine {
  readonly names: Names = new Names();
  storing = false;
  readonly #facts: Map<string, number> = new Map();
  #budget = new Budget(TEXT_BUDGET);
  #reporting = false;
  readonly #context: RuleContext;

  constructor(scan: ScanContext) {
    this.#context = {
      report: (hit) => {
        if (this.#reporting) scan.report(hit);
      },
      nested: (code, line, how) => this.#reporting && scan.nested(code, line, how),
      note: (fact, line) => {
        if (!this.#facts.has(fact)) this.#facts.set(fact, line);
      },
      noted: (fact) => this.#facts.get(fact),
    };
  }

  read(lines: Iterable<LogicalLine>, reporting: boolean): void {
    this.#reporting = reporting;
    this.#budget = new Budget(TEXT_BUDGET);
    this.names.restart();
    for (const line of lines) execute(line, this);
    for (const rules of RULES) rules.end?.(this.#context);
    if (!this.#budget.exhausted) return;
    const description = "More text is computed than can be followed - parts were not looked into";
    this.#context.report({ category: "obfuscated_code", severity: "medium", line: 1, description });
  }

  imported(module: string, member: string | undefined, line: number): void {
    const real = canonicalName(module);
    const inner = member === undefined ? "" : `${real}.${member}`;
    for (const rules of RULES) {
      rules.import?.(real, member, line, this.#context);
      // `from multiprocessing import x` may import a module too; only known ones matter.
      if (inner === "urllib.request") rules.import?.(inner, undefined, line, this.#context);
    }
  }

  load(name: string): Value {
    const value = this.names.load(name);
    return value.name === "os.environ" ? withLabels(value, LABEL.environment) : value;
  }

  attribute(base: Value, name: string, line: number): Value {
    if (name.length > 200) return tainted(base);
    if (name.startsWith("__")) for (const rules of RULES) rules.attribute?.(name, line, this.#context);
    const path = base.path === undefined || base.path.length > 200 ? undefined : `${base.path}.${name}`;
    const qualified = base.name === undefined ? undefined : named(canonicalName(`${base.name}.${name}`)).name;
    const value: Value = { ...tainted(base), name: qualified, path, receiver: base, method: name };
    if (qualified === "os.environ") return withLabels(value, LABEL.environment);
    if (base.name === undefined && base.path !== undefined && this.names.isOwnObject(base.path)) {
      const kept = this.names.attributes.get(name);
      if (kept !== undefined) return { ...either(value, kept), path, receiver: base, method: name };
    }
    return value;
  }

  call(callee: Value, args: Arguments, line: number): Value {
    return this.#invoke(
      { name: callee.name, method: callee.method, receiver: callee.receiver ?? UNKNOWN, args, line },
      callee,
    );
  }

  subscript(base: Value, index: Value, line: number): Value {
    const key = exactName(index);
    if (this.storing && base.name === "os.environ") return UNKNOWN;
    if (key !== undefined && base.name === "globals()") return this.load(key);
    if (key !== undefined && base.name === "sys.modules") return named(canonicalName(key));
    if (key !== undefined && base.name !== undefined && base.method === "__dict__" && base.receiver !== undefined) {
      return this.attribute(base.receiver, key, line);
    }
    if (key !== undefined && base.name === "builtins") return this.attribute(base, key, line);
    if (base.items !== undefined && index.number !== undefined && Number.isInteger(index.number)) {
      return base.items[index.number] ?? UNKNOWN;
    }
    if (base.name === undefined) return { ...tainted(union([base, index])), path: base.path };
    const callee = this.attribute(base, "__getitem__", line);
    const args = { positional: [index], keywords: new Map<string, Value>() };
    return this.#invoke({ name: callee.name, method: "__getitem__", receiver: base, args, line }, callee);
  }

  use(value: Value, line: number, operator: string | undefined): void {
    if (this.storing) return;
    for (const rules of RULES) rules.use?.(value, line, operator, this.#context);
  }

  bind(name: string, value: Value): void {
    this.names.bind(name, value, Number.POSITIVE_INFINITY);
  }

  string(token: Token): Value {
    const { text, line } = token;
    if (this.#reporting) {
      for (const rules of RULES) rules.text?.(text, line, this.#context);
      if (token.disguised >= 8) {
        const description = "String whose letters are written as escapes";
        this.#context.report({ category: "obfuscated_code", severity: "medium", line, description });
        this.#context.nested(text, line, "In an escaped string: ");
      }
    }
    return withLabels(literal(text), textLabels(text));
  }

  foldedText(value: Value, line: number): Value {
    const text = value.text;
    if (text === undefined || !this.#budget.spend(text.length)) return { ...value, folded: false };
    if (this.#reporting) for (const rules of RULES) rules.text?.(text, line, this.#context);
    return { ...withLabels(value, textLabels(text)), folded: false };
  }

  format(template: Value, right: Value): Value {
    return formatText(template, { positional: right.items ?? [right], keywords: new Map() }, this.#budget);
  }

  reversed(value: Value): Value {
    return reversed(value, this.#budget);
  }

  dictItem(key: Value, value: Value, line: number): Value {
    if ((value.labels & SECRET_LABELS) === 0) return value;
    const header = exactName(key)?.toLowerCase();
    if (header !== undefined && AUTH_HEADERS.has(header) && (value.labels & SECRET_LABELS) === LABEL.secret) {
      return { ...value, labels: (value.labels & ~LABEL.secret) | LABEL.authorisation };
    }
    return withOrigin(value, { line, kind: "stored" });
  }

  #invoke(call: Call, callee: Value): Value {
    const special = reflection(call, this);
    let labels = 0;
    if (call.name !== undefined || (call.receiver.labels | argumentsOf(call.args).labels) !== 0) {
      for (const rules of RULES) labels |= rules.call?.(call, this.#context) ?? 0;
    }
    if (special !== undefined) return special;
    if (call.method !== undefined && MUTATORS.has(call.method)) this.#mutate(call);
    const result = this.#local(call, callee) ?? this.#result(call);
    return withLabels(result, labels);
  }

  /** A call of a function of the file: its parameters learn the arguments. */
  #local(call: Call, callee: Value): Value | undefined {
    const name = call.method ?? callee.path;
    if (name === undefined || (call.name !== undefined && !call.name.startsWith("builtins."))) return undefined;
    const functions = this.names.functions(name);
    if (functions.length === 0) return undefined;
    const results: Value[] = [];
    for (const info of functions) {
      const skip = info.parameters[0] === "self" || info.parameters[0] === "cls" ? 1 : 0;
      for (const [at, value] of call.args.positional.slice(0, 64).entries())
        learn(info.arguments, info.parameters[at + skip], value);
      for (const [name, value] of call.args.keywords) learn(info.arguments, name, value);
      results.push(info.result);
    }
    return results.length === 1 ? (results[0] ?? UNKNOWN) : union(results);
  }

  #result(call: Call): Value {
    const result = resultOf(call, this.#budget);
    const network = networkCall(call);
    if (network !== undefined) return { ...UNKNOWN, name: result.name, labels: LABEL.remote };
    if (call.name === "os.environ.get" || call.name === "os.environ.__getitem__" || call.name === "os.getenv") {
      return tainted(argument(call.args, 0));
    }
    if (call.name !== undefined && FILE_READERS.has(call.name)) {
      const mode = argument(call.args, call.name.startsWith("pathlib") ? 0 : 1, "mode").text ?? "r";
      const writes = /^[wax]/.test(mode);
      return { ...UNKNOWN, name: result.name, labels: writes ? 0 : LABEL.file };
    }
    return result;
  }

  #mutate(call: Call): void {
    const path = call.receiver.path;
    if (path === undefined) return;
    const given = union([...call.args.positional, ...call.args.keywords.values()]);
    if (given.labels === 0) return;
    const [root = "", attribute] = path.split(".");
    if (attribute !== undefined && this.names.isOwnObject(root)) this.names.bindAttribute(attribute, given);
    else this.names.taint(root, given);
  }
}

function learn(known: Map<string, Value>, parameter: string | undefined, value: Value): void {
  if (parameter === undefined) return;
  const before = known.get(parameter);
  known.set(parameter, before === undefined ? value : either(before, value));
}

/** Labels that a text has for what it is. */
function textLabels(text: string): number {
  if (credentialPath(text) !== undefined) return LABEL.credentialPath;
  return isEnvironmentFile(text) ? LABEL.envFile : 0;
}
