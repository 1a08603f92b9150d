import { assignment, isOp } from "./python-assignments.ts";
import { evaluate } from "./python-expressions.ts";
import type { Machine } from "./python-machine.ts";
import type { LogicalLine, Token } from "./python-tokens.ts";
import { elementOf } from "./python-values.ts";

/** Statements with a body, whose header ends at a colon. */
const COMPOUND = new Set("if elif else while for with try except finally def class async match case".split(" "));

/** Executes one logical line. */
export function execute(line: LogicalLine, machine: Machine): void {
  const { tokens, indent } = line;
  machine.names.moveTo(indent);
  let start = 0;
  // Each turn handles one simple statement or one header: `if x: a; b` has three.
  while (start < tokens.length) {
    const end = statementEnd(tokens, start);
    statement(tokens, start, end, indent, machine);
    start = end + 1;
  }
}

/** The index of the `;` or header `:` that ends the statement at `start`, or the number of tokens. */
function statementEnd(tokens: readonly Token[], start: number): number {
  const first = tokens[start];
  const header = first?.kind === "name" && COMPOUND.has(first.text) && isHeader(tokens, start);
  let depth = 0;
  let lambdas = 0;
  for (let at = start; at < tokens.length; at++) {
    const { kind, text } = tokens[at] ?? { kind: "error", text: "" };
    if (kind === "fstart" || kind === "fopen") depth += 1;
    else if (kind === "fend" || kind === "fclose") depth -= 1;
    else if (kind === "name" && text === "lambda" && depth === 0) lambdas += 1;
    if (kind !== "op") continue;
    if (text === "(" || text === "[" || text === "{") depth += 1;
    else if (text === ")" || text === "]" || text === "}") depth = Math.max(0, depth - 1);
    else if (depth > 0) continue;
    else if (text === ";") return at;
    else if (text === ":" && header && lambdas-- <= 0) return at;
  }
  return tokens.length;
}

/** `match` and `case` are headers only when an expression follows. */
function isHeader(tokens: readonly Token[], start: number): boolean {
  const first = tokens[start]?.text;
  if (first !== "match" && first !== "case") return true;
  const next = tokens[start + 1];
  return next !== undefined && (next.kind !== "op" || next.text === "(" || next.text === "[" || next.text === "{");
}

function statement(tokens: readonly Token[], start: number, end: number, indent: number, machine: Machine): void {
  const first = tokens[start];
  if (first === undefined || start >= end) return;
  if (first.kind === "string" && isDocstring(tokens, start, end)) return;
  switch (first.kind === "name" ? first.text : "") {
    case "import":
      return importStatement(tokens, start + 1, end, indent, machine);
    case "from":
      return fromStatement(tokens, start + 1, end, indent, machine);
    case "async":
      return statement(tokens, start + 1, end, indent, machine);
    case "def":
      return functionHeader(tokens, start, end, indent, machine);
    case "class":
      evaluate(tokens, start + 2, end, machine);
      return machine.names.enterClass(tokens[start + 1]?.text ?? "", indent);
    case "for":
      return forHeader(tokens, start + 1, end, indent, machine);
    case "with":
    case "except":
      return withHeader(tokens, start + 1, end, indent, machine);
    case "return":
    case "yield":
      return machine.names.returns(evaluate(tokens, start + 1, end, machine));
    case "del":
      return;
    default:
      return assignment(tokens, start, end, indent, machine);
  }
}

/** A statement of nothing but strings. */
function isDocstring(tokens: readonly Token[], start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (tokens[at]?.kind !== "string") return false;
  return true;
}

/** `a.b.c` from `at`; the index after it. */
function dottedName(tokens: readonly Token[], at: number, end: number): [name: string, next: number] {
  let name = "";
  let next = at;
  while (next < end && name.length < 200) {
    const token = tokens[next];
    const isDot = token?.kind === "op" && (token.text === "." || token.text === "...");
    const joins = isDot || name === "" || name.endsWith(".");
    if (token === undefined || !joins || (!isDot && token.kind !== "name") || token.text === "import") break;
    name += token.text;
    next += 1;
  }
  return [name, next];
}

function importStatement(tokens: readonly Token[], start: number, end: number, indent: number, machine: Machine): void {
  for (let at = start; at < end; at++) {
    const line = tokens[at]?.line ?? 1;
    const [module, next] = dottedName(tokens, at, end);
    if (module === "") continue;
    machine.imported(module, undefined, line);
    if (tokens[next]?.text === "as" && next + 1 < end) {
      machine.names.importName(tokens[next + 1]?.text ?? "", module, indent);
      at = next + 1;
    } else {
      const root = module.split(".", 1)[0] ?? module;
      machine.names.importName(root, root, indent);
      at = next - 1;
    }
    while (at + 1 < end && tokens[at + 1]?.text !== ",") at += 1;
  }
}

function fromStatement(tokens: readonly Token[], start: number, end: number, indent: number, machine: Machine): void {
  const [module, next] = dottedName(tokens, start, end);
  if (tokens[next]?.text !== "import") return assignment(tokens, start, end, indent, machine);
  for (let at = next + 1; at < end; at++) {
    const token = tokens[at];
    if (token === undefined) continue;
    if (token.kind === "op" && token.text === "*") {
      machine.imported(module, "*", token.line);
      machine.names.importStar(module);
    } else if (token.kind === "name") {
      const renamed = tokens[at + 1]?.text === "as" && at + 2 < end;
      machine.imported(module, token.text, token.line);
      machine.names.importName(
        (renamed ? tokens[at + 2]?.text : undefined) ?? token.text,
        `${module}.${token.text}`,
        indent,
      );
      if (renamed) at += 2;
    }
  }
}

/** `def name(parameters) -> result`: defaults and annotations are evaluated outside, then the body's scope opens. */
function functionHeader(tokens: readonly Token[], start: number, end: number, indent: number, machine: Machine): void {
  const name = tokens[start + 1];
  const parameters: string[] = [];
  let depth = 0;
  let expectName = false;
  for (let at = start + 2; at < end; at++) {
    const { kind, text } = tokens[at] ?? { kind: "error", text: "" };
    if (kind === "op" && "([{".includes(text)) depth += 1;
    else if (kind === "op" && ")]}".includes(text)) depth -= 1;
    if (depth === 1 && kind === "op" && (text === "(" || text === ",")) expectName = true;
    else if (depth === 1 && kind === "name" && expectName) {
      parameters.push(text);
      expectName = false;
      const next = tokens[at + 1];
      const isDefault = next?.kind === "op" && (next.text === "=" || next.text === ":");
      if (isDefault) at = parameterRest(tokens, at + 2, end, machine) - 1;
    }
  }
  machine.names.enterFunction(name?.text ?? "", parameters, indent, name?.line ?? 0);
}

/** Evaluates a parameter's annotation and default; the index of the comma or bracket after them. */
function parameterRest(tokens: readonly Token[], start: number, end: number, machine: Machine): number {
  let depth = 0;
  let at = start;
  for (; at < end; at++) {
    const { kind, text } = tokens[at] ?? { kind: "error", text: "" };
    if (kind === "fstart" || kind === "fopen" || (kind === "op" && "([{".includes(text))) depth += 1;
    else if (depth === 0 && kind === "op" && (text === "," || text === ")")) break;
    else if (kind === "fend" || kind === "fclose" || (kind === "op" && ")]}".includes(text))) depth -= 1;
  }
  evaluate(tokens, start, at, machine);
  return at;
}

function forHeader(tokens: readonly Token[], start: number, end: number, indent: number, machine: Machine): void {
  let at = start;
  const names: string[] = [];
  while (at < end && !(tokens[at]?.kind === "name" && tokens[at]?.text === "in")) {
    const token = tokens[at];
    if (token?.kind === "name") names.push(token.text);
    at += 1;
  }
  const element = elementOf(evaluate(tokens, at + 1, end, machine));
  for (const name of names) machine.names.bind(name, element, indent + 1);
}

/** `with a as b, c as d` and `except E as e`. */
function withHeader(tokens: readonly Token[], start: number, end: number, indent: number, machine: Machine): void {
  // `with (a as b, c as d):` has its parts inside brackets.
  const from =
    isOp(tokens[start], "(") && tokens[end - 1]?.text === ")" && hasAs(tokens, start, end) ? start + 1 : start;
  let at = from;
  let depth = 0;
  let begin = from;
  for (; at < end; at++) {
    const token = tokens[at];
    if (token?.kind === "op" && "([{".includes(token.text)) depth += 1;
    else if (token?.kind === "op" && ")]}".includes(token.text)) depth -= 1;
    if (depth !== 0 || token?.kind !== "name" || token.text !== "as") continue;
    const value = evaluate(tokens, begin, at, machine);
    machine.names.bind(tokens[at + 1]?.text ?? "", value, indent);
    begin = at + 3;
    at += 1;
  }
  if (begin < end) evaluate(tokens, begin, end, machine);
}

function hasAs(tokens: readonly Token[], start: number, end: number): boolean {
  let depth = 0;
  for (let at = start; at < end; at++) {
    const token = tokens[at];
    if (token?.kind === "op" && "([{".includes(token.text)) depth += 1;
    else if (token?.kind === "op" && ")]}".includes(token.text)) depth -= 1;
    else if (depth === 1 && token?.kind === "name" && token.text === "as") return true;
    if (depth === 0 && at + 1 < end) return false;
  }
  return false;
}
