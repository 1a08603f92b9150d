import { credentialPath, isEnvironmentFile } from "./credential-paths.ts";
import type { Category, Report, Severity } from "./finding.ts";
import { environmentVariableKind, suspiciousDestinations } from "./indicators.ts";
import type { JsToken } from "./javascript-tokens.ts";
import { tokeniseJavaScript } from "./javascript-tokens.ts";

/** What the analysis needs of the scan it is part of. */
export interface JavaScriptContext {
  readonly report: Report;
  nested(code: string, line: number, how: string): boolean;
}

const HOLE = "\u0000";

const MODULES: Readonly<Record<string, readonly [Severity, string]>> = {
  child_process: ["medium", "runs programs"],
  vm: ["medium", "runs code at run time"],
  "node-pty": ["high", "gives a program a terminal"],
  "node-serialize": ["high", "runs code in data"],
  keytar: ["high", "reads the system's password store"],
};

const COMMANDS = /^child_process\.(?:exec|execSync|spawn|spawnSync|execFile|execFileSync)$/;
const READS =
  /^fs(?:\.promises)?\.(?:readFile|readFileSync|createReadStream|open|openSync|copyFile|copyFileSync|readdir|readdirSync)$/;
const FS_PROMISES = /^fs\/promises\.(?:readFile|open|copyFile|readdir)$/;
const SENDS =
  /^(?:fetch|globalThis\.fetch|axios|axios\.(?:get|post|put|patch|request)|got|got\.post|https?\.(?:request|get)|navigator\.sendBeacon|needle\.post|superagent\.post|request\.post)$/;
const EVALS = /^(?:eval|Function|vm\.(?:runInThisContext|runInNewContext|runInContext|Script))$/;
/** Words that start another statement where the semicolon is left out. */
const STATEMENTS = new Set("const let var return if for while try throw import export class".split(" "));

const DECODERS = new Set(["atob", "unescape"]);

/**
 * Finds problems in JavaScript and TypeScript. Simpler than the Python analysis: modules and destructured names are
 * followed, and variables that hold a secret, but not functions.
 */
export function analyseJavaScript(code: string, scan: JavaScriptContext): void {
  new JavaScriptAnalysis(tokeniseJavaScript(code), scan).run();
}

class JavaScriptAnalysis {
  readonly #tokens: readonly JsToken[];
  readonly #scan: JavaScriptContext;
  readonly #modules: Map<string, string> = new Map();
  readonly #tainted: Set<string> = new Set();
  readonly #decoded: Set<string> = new Set();

  constructor(tokens: readonly JsToken[], scan: JavaScriptContext) {
    this.#tokens = tokens;
    this.#scan = scan;
  }

  run(): void {
    for (let at = 0; at < this.#tokens.length; at++) {
      const token = this.#tokens[at];
      if (token === undefined) continue;
      if (token.kind === "string" || token.kind === "template") this.#text(token, at);
      else if (token.kind === "name") this.#name(token, at);
    }
  }

  #report(category: Category, severity: Severity, line: number, description: string, subject?: string): void {
    this.#scan.report({ category, severity, line, description, ...(subject === undefined ? {} : { subject }) });
  }

  #is(at: number, text: string): boolean {
    const token = this.#tokens[at];
    return token?.kind === "punct" && token.text === text;
  }

  #name(token: JsToken, at: number): void {
    if (this.#is(at - 1, ".")) return;
    const { text, line } = token;
    if (text === "import") return this.#importStatement(at);
    if (text === "const" || text === "let" || text === "var") return this.#declaration(at + 1);
    if (text === "require" && this.#is(at + 1, "(")) this.#required(this.#tokens[at + 2], at + 2, line);
    const { name, end } = this.#chain(at);
    if (name.startsWith("process.env")) this.#environment(name, end, line);
    const dynamic = text === "Function" && this.#tokens[at - 1]?.text === "new";
    if (this.#is(end, "(") && (text !== "Function" || dynamic)) this.#call(name, end, line);
  }

  /** The dotted name at `at`, imports resolved, and the index after it. */
  #chain(at: number): { name: string; end: number } {
    const first = this.#tokens[at]?.text ?? "";
    let name = this.#modules.get(first) ?? first;
    let end = at + 1;
    if (first === "require" && this.#is(at + 1, "(") && this.#is(at + 3, ")")) {
      name = moduleName(this.#tokens[at + 2]?.text ?? "");
      end = at + 4;
    }
    while (name.length < 200) {
      if (this.#is(end, ".") && this.#tokens[end + 1]?.kind === "name") {
        name += `.${this.#tokens[end + 1]?.text ?? ""}`;
        end += 2;
      } else if (this.#is(end, "[") && this.#tokens[end + 1]?.kind === "string" && this.#is(end + 2, "]")) {
        name += `.${this.#tokens[end + 1]?.text ?? ""}`;
        end += 3;
      } else {
        break;
      }
    }
    return { name, end };
  }

  #importStatement(at: number): void {
    if (this.#is(at + 1, "(")) return this.#required(this.#tokens[at + 2], at + 2, this.#tokens[at]?.line ?? 1);
    let end = at + 1;
    while (end < this.#tokens.length && end < at + 200 && this.#tokens[end]?.kind !== "string") end += 1;
    const source = this.#tokens[end];
    if (source?.kind !== "string") return;
    const module = moduleName(source.text);
    this.#module(module, this.#tokens[at]?.line ?? 1);
    this.#bindNames(at + 1, end, module);
  }

  /** Binds `x`, `* as x`, `{ a, b as c, d: e }` to a module and its members. */
  #bindNames(from: number, to: number, module: string): void {
    let inside = false;
    for (let at = from; at < to; at++) {
      const token = this.#tokens[at];
      if (token?.kind === "punct" && (token.text === "{" || token.text === "}")) inside = token.text === "{";
      if (token?.kind !== "name" || token.text === "from" || token.text === "type" || token.text === "as") continue;
      const next = this.#tokens[at + 1]?.text;
      if (inside && (next === "as" || next === ":")) {
        this.#modules.set(this.#tokens[at + 2]?.text ?? "", `${module}.${token.text}`);
        at += 2;
      } else {
        this.#modules.set(token.text, inside ? `${module}.${token.text}` : module);
      }
    }
  }

  /** `const x = ...`: what the names stand for, and whether they hold a secret. */
  #declaration(at: number): void {
    let equals = at;
    while (equals < this.#tokens.length && equals < at + 60 && !this.#is(equals, "=") && !this.#is(equals, ";"))
      equals += 1;
    if (!this.#is(equals, "=")) return;
    const start = this.#tokens[equals + 1]?.text === "await" ? equals + 2 : equals + 1;
    const first = this.#tokens[start];
    if ((first?.text === "require" || first?.text === "import") && this.#tokens[start + 2]?.kind === "string") {
      const { name } =
        first.text === "require" ? this.#chain(start) : { name: moduleName(this.#tokens[start + 2]?.text ?? "") };
      this.#bindNames(at, equals, name);
      return;
    }
    const labels = this.#labels(start, this.#statementEnd(start));
    for (let name = at; name < equals; name++) {
      const token = this.#tokens[name];
      if (token?.kind !== "name") continue;
      if (labels.secret) this.#tainted.add(token.text);
      if (labels.decoded) this.#decoded.add(token.text);
    }
  }

  #statementEnd(start: number): number {
    let depth = 0;
    let end = start;
    for (; end < this.#tokens.length && end < start + 400; end++) {
      const token = this.#tokens[end];
      if (depth === 0 && token?.kind === "name" && STATEMENTS.has(token.text)) break;
      if (token?.kind !== "punct") continue;
      if ("([{".includes(token.text)) depth += 1;
      else if (")]}".includes(token.text)) depth -= 1;
      if (depth < 0 || (depth === 0 && token.text === ";")) break;
    }
    return end;
  }

  /** Whether tokens mention something secret or decoded. */
  #labels(from: number, to: number): { secret: boolean; decoded: boolean } {
    let secret = false;
    let decoded = false;
    for (let at = from; at < to; at++) {
      const token = this.#tokens[at];
      if (token?.kind === "string" || token?.kind === "template") {
        if (credentialPath(token.text) !== undefined && token.kind === "string") secret = true;
        if (token.text === "base64" || token.text === "hex") decoded = true;
      }
      if (token?.kind !== "name" || this.#is(at - 1, ".")) continue;
      const { name } = this.#chain(at);
      if (this.#tainted.has(token.text) || isWholeEnvironment(name, this.#tokens, at)) secret = true;
      if (name.startsWith("process.env.") && environmentVariableKind(name.slice(12)) === "secret") secret = true;
      if (this.#decoded.has(token.text) || DECODERS.has(name)) decoded = true;
    }
    return { secret, decoded };
  }

  #required(token: JsToken | undefined, at: number, line: number): void {
    if (token?.kind === "string" && this.#is(at + 1, ")")) return this.#module(moduleName(token.text), line);
    const folded = this.#concatenation(at);
    if (folded !== undefined) this.#module(moduleName(folded), line);
    this.#report("obfuscated_code", "medium", line, "Import of a computed module");
  }

  #module(module: string, line: number): void {
    const row = Object.hasOwn(MODULES, module) ? MODULES[module] : undefined;
    if (row !== undefined) this.#report("dangerous_imports", row[0], line, `Import of ${module}, which ${row[1]}`);
    if (module === "dotenv" || module === "dotenv/config") {
      this.#report("api_exfiltration", "medium", line, "Import of dotenv, which loads secrets from environment files");
    }
  }

  #environment(name: string, end: number, line: number): void {
    if (name === "process.env") {
      if (this.#is(end, "[")) {
        this.#report("api_exfiltration", "low", line, "Environment variable with a computed name");
      } else if (!this.#is(end, "&")) {
        this.#report("api_exfiltration", "medium", line, "The whole environment used as a value");
      }
      return;
    }
    const variable = name.split(".")[2] ?? "";
    if (environmentVariableKind(variable) !== "secret") return;
    const description = `Environment variable ${variable.slice(0, 60)} is read - its name is that of a secret`;
    this.#report("api_exfiltration", "medium", line, description);
  }

  #call(name: string, open: number, line: number): void {
    const close = this.#callEnd(open);
    const first = this.#tokens[open + 1];
    if (EVALS.test(name)) {
      const { decoded } = this.#labels(open + 1, close);
      const description = decoded ? "Decoded text is executed as code" : `Text is executed as code by ${name}`;
      this.#report("obfuscated_code", decoded ? "critical" : "high", line, description, "executed");
      const text = this.#concatenation(open + 1);
      if (text !== undefined) this.#scan.nested(text, line, "In executed text: ");
    } else if (COMMANDS.test(name)) {
      const text = this.#concatenation(open + 1);
      if (text === undefined || text.includes(HOLE)) {
        const severity =
          name.includes("exec") && !name.includes("execFile") && first?.kind !== "string" ? "high" : "medium";
        this.#report("dangerous_imports", severity, line, `${name} with a command put together at run time`);
      }
      if (text !== undefined) this.#scan.nested(`#!/bin/sh\n${text.replaceAll(HOLE, "_")}`, line, "In a command: ");
    } else if (READS.test(name) || FS_PROMISES.test(name)) {
      this.#fileRead(open, close, line);
    } else if (SENDS.test(name) && this.#labels(open + 1, close).secret) {
      this.#report("api_exfiltration", "critical", line, "Secret sent over the network", "sent");
    }
  }

  #callEnd(open: number): number {
    let depth = 0;
    let at = open;
    for (; at < this.#tokens.length && at < open + 400; at++) {
      const token = this.#tokens[at];
      if (token?.kind !== "punct") continue;
      if ("([{".includes(token.text)) depth += 1;
      else if (")]}".includes(token.text)) depth -= 1;
      if (depth === 0) break;
    }
    return at;
  }

  #fileRead(open: number, close: number, line: number): void {
    for (let at = open + 1; at < close; at++) {
      const token = this.#tokens[at];
      if (token?.kind !== "string" && token?.kind !== "template") continue;
      const found = credentialPath(token.text);
      if (found !== undefined)
        this.#report("credential_access", found.severity, line, `Access to ${found.what}`, found.what);
      if (isEnvironmentFile(token.text)) this.#report("api_exfiltration", "high", line, "Environment file is loaded");
    }
  }

  /** The text of `"a" + "b"` or of a template, unknown parts as holes. */
  #concatenation(from: number): string | undefined {
    let text = "";
    for (let at = from; at < this.#tokens.length && text.length < 20_000; at++) {
      const token = this.#tokens[at];
      if (token?.kind === "string") text += token.text;
      else if (token?.kind === "template") text += token.text;
      else return text === "" ? undefined : text;
      if (!this.#is(at + 1, "+")) return text;
      at += 1;
      if (this.#tokens[at + 1]?.kind === "name") return text + HOLE;
    }
    return text === "" ? undefined : text;
  }

  #text(token: JsToken, at: number): void {
    const { text, line } = token;
    for (const { severity, description } of suspiciousDestinations(text)) {
      this.#report("suspicious_network", severity, line, description);
    }
    const found = credentialPath(text);
    if (found !== undefined) this.#report("credential_access", "low", line, `Path of ${found.what}`, found.what);
    if (this.#is(at + 1, "+") && !this.#is(at - 1, "+")) {
      const folded = this.#concatenation(at) ?? "";
      for (const { severity, description } of suspiciousDestinations(folded)) {
        this.#report("suspicious_network", severity, line, description);
      }
    }
  }
}

/** `process.env` as a whole: no member follows. */
function isWholeEnvironment(name: string, tokens: readonly JsToken[], at: number): boolean {
  return name === "process.env" && tokens[at + 3]?.text !== "[";
}

function moduleName(text: string): string {
  return text.startsWith("node:") ? text.slice(5) : text;
}
