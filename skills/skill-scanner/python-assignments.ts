import { evaluate } from "./python-expressions.ts";
import type { Machine } from "./python-machine.ts";
import type { Token } from "./python-tokens.ts";
import type { Value } from "./python-values.ts";
import { concatenate, tainted, UNKNOWN } from "./python-values.ts";

/** Keywords that an expression may follow. */
const HEADS = new Set(
  "return yield await raise assert del if elif while not print global nonlocal pass break continue".split(" "),
);

const AUGMENTED = new Set("+= -= *= /= //= %= **= >>= <<= &= ^= |= @=".split(" "));

/** `a = b = value`, `a: T = value`, `a += value`, or an expression. */
export function assignment(
  tokens: readonly Token[],
  from: number,
  end: number,
  indent: number,
  machine: Machine,
): void {
  let start = from;
  while (start < end && isHead(tokens, start)) start += 1;
  const targets: [start: number, end: number][] = [];
  let begin = start;
  let augmented = false;
  let depth = 0;
  for (let at = start; at < end; at++) {
    const token = tokens[at];
    if (token === undefined) continue;
    if (token.kind === "fstart" || token.kind === "fopen") depth += 1;
    else if (token.kind === "fend" || token.kind === "fclose") depth -= 1;
    if (token.kind !== "op") continue;
    if ("([{".includes(token.text)) depth += 1;
    else if (")]}".includes(token.text)) depth -= 1;
    else if (depth === 0 && (token.text === "=" || AUGMENTED.has(token.text))) {
      augmented ||= token.text !== "=";
      targets.push([begin, at]);
      begin = at + 1;
    }
  }
  const value = evaluate(tokens, begin, end, machine);
  for (const [start, end] of targets) assign(tokens, start, end, value, augmented, indent, machine);
}

function assign(
  tokens: readonly Token[],
  start: number,
  end: number,
  value: Value,
  augmented: boolean,
  indent: number,
  machine: Machine,
): void {
  const { names } = machine;
  const annotated = isOp(tokens[start + 1], ":");
  const first = tokens[start];
  if (first?.kind === "name" && (end === start + 1 || annotated)) {
    names.bind(first.text, augmented ? concatenate(names.load(first.text), value) : value, indent);
    return;
  }
  if (isTuple(tokens, start, end)) return unpack(tokens, start, end, value, indent, machine);
  // `x.y = value`, `x[k] = value`: what holds the value is tainted by it.
  machine.storing = true;
  const target = evaluate(tokens, start, end, machine);
  machine.storing = false;
  if (first?.kind === "name") names.taint(first.text, tainted(value));
  const last = tokens[end - 1];
  if (last?.kind === "name" && target.method === last.text) names.bindAttribute(last.text, value);
}

/** A keyword before an expression; `print(x)` is a call. */
function isHead(tokens: readonly Token[], at: number): boolean {
  const token = tokens[at];
  if (token?.kind !== "name" || !HEADS.has(token.text)) return false;
  return token.text !== "print" || !isOp(tokens[at + 1], "(");
}

/** True for `a, b` and `(a, b)`: names, commas, brackets and stars only. */
function isTuple(tokens: readonly Token[], start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const token = tokens[at];
    if (token?.kind !== "name" && !(token?.kind === "op" && ",()[]*".includes(token.text))) return false;
    if (at > start && token.kind === "op" && "([".includes(token.text) && tokens[at - 1]?.kind === "name") return false;
  }
  return true;
}

function unpack(
  tokens: readonly Token[],
  start: number,
  end: number,
  value: Value,
  indent: number,
  machine: Machine,
): void {
  let position = 0;
  for (let at = start; at < end; at++) {
    const token = tokens[at];
    if (token?.kind !== "name") continue;
    const item = value.items?.[position] ?? UNKNOWN;
    machine.names.bind(token.text, value.items === undefined ? tainted(value) : item, indent);
    position += 1;
  }
}

/** True for the operator `text`. */
export function isOp(token: Token | undefined, text: string): boolean {
  return token?.kind === "op" && token.text === text;
}
