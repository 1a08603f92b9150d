import type { Frame, FrameKind } from "./python-frames.ts";
import { applyOperator, collectionOf, newFrame, PRECEDENCE, valueOfFrame } from "./python-frames.ts";
import type { Semantics } from "./python-semantics.ts";
import type { Token } from "./python-tokens.ts";
import type { Value } from "./python-values.ts";
import { concatenate, elementOf, MAX_ITEMS, tainted, union, UNKNOWN } from "./python-values.ts";

const OPENERS: Readonly<Record<string, readonly [prefix: FrameKind, postfix: FrameKind]>> = {
  "(": ["group", "call"],
  "[": ["list", "subscript"],
  "{": ["dict", "dict"],
};

/** Python itself refuses more than 200 nested brackets. */
const MAX_DEPTH = 512;

const IGNORED = new Set(["await", "async", "yield", "from", "lambda"]);
const CONSTANTS: Readonly<Record<string, Value>> = {
  None: UNKNOWN,
  Ellipsis: UNKNOWN,
  True: { ...UNKNOWN, number: 1 },
  False: { ...UNKNOWN, number: 0 },
};

/**
 * Evaluates the expression in `tokens[from..to)`. Works with a stack of its own, so nesting costs memory and no
 * recursion; malformed input gives some value.
 */
export function evaluate(tokens: readonly Token[], from: number, to: number, semantics: Semantics): Value {
  return new Evaluator(tokens, to, semantics).run(from);
}

class Evaluator {
  readonly #tokens: readonly Token[];
  readonly #to: number;
  readonly #semantics: Semantics;
  #frame: Frame = newFrame("top", UNKNOWN, 0);
  readonly #frames: Frame[] = [this.#frame];
  /** The line of the last token that is part of a value. */
  #line = 0;
  /** Brackets that stand too deep to be followed. */
  #skipped = 0;

  constructor(tokens: readonly Token[], to: number, semantics: Semantics) {
    this.#tokens = tokens;
    this.#to = to;
    this.#semantics = semantics;
  }

  run(from: number): Value {
    for (let at = from; at < this.#to; at++) {
      const token = this.#tokens[at];
      if (token === undefined) continue;
      const closes = token.kind === "op" && ")]},".includes(token.text);
      if (!closes) this.#line = token.line;
      at += this.#step(token, at);
      if (closes) this.#line = token.line;
    }
    while (this.#frames.length > 1) this.#close();
    this.#flush();
    return this.#frame.count === 1 ? (this.#frame.items[0] ?? UNKNOWN) : collectionOf(this.#frame);
  }

  /** Handles one token; returns how many tokens after it were consumed too. */
  #step(token: Token, at: number): number {
    switch (token.kind) {
      case "name":
        return this.#name(token, at);
      case "number":
        this.#operand({ ...UNKNOWN, number: Number(token.text.replaceAll("_", "")) });
        return 0;
      case "string":
      case "ftext":
        if (token.kind === "ftext" && token.text === "") return 0;
        this.#text(this.#semantics.string(token));
        return 0;
      case "fstart":
        this.#open("fstring", UNKNOWN, token.line);
        return 0;
      case "fopen":
        this.#open("field", UNKNOWN, token.line);
        return 0;
      case "fclose":
      case "fend":
        if (this.#skipped > 0) this.#skipped -= 1;
        else this.#closeTo(token.kind === "fend" ? "fstring" : "field");
        return 0;
      case "op":
        return this.#operator(token, at);
      case "error":
        break;
    }
    return 0;
  }

  #name(token: Token, at: number): number {
    const frame = this.#frame;
    const word = token.text;
    if (frame.lambda) return 0;
    if (word === "for") {
      this.#flush();
      frame.clause = "targets";
      frame.targets = [];
    } else if (frame.clause === "targets") {
      if (word === "in") frame.clause = "iterable";
      else frame.targets.push(word);
    } else if (word === "lambda") {
      frame.lambda = true;
    } else if (IGNORED.has(word)) {
      return 0;
    } else if (word === "if" && frame.clause !== "none") {
      this.#flush();
      frame.clause = "condition";
    } else if (Object.hasOwn(PRECEDENCE, word)) {
      this.#binary(word);
    } else if (Object.hasOwn(CONSTANTS, word)) {
      this.#operand(CONSTANTS[word] ?? UNKNOWN);
    } else if (this.#isKeywordArgument(at)) {
      frame.keyword = word;
      return 1;
    } else if (this.#isOp(at + 1, ":=")) {
      frame.walrus = word;
      return 1;
    } else {
      this.#operand(this.#semantics.load(word));
      this.#finish(at, token.line);
    }
    return 0;
  }

  #isKeywordArgument(at: number): boolean {
    return this.#frame.kind === "call" && this.#frame.operands.length === 0 && this.#isOp(at + 1, "=");
  }

  #isOp(at: number, text: string): boolean {
    const token = at < this.#to ? this.#tokens[at] : undefined;
    return token !== undefined && token.kind === "op" && token.text === text;
  }

  #operator(token: Token, at: number): number {
    const frame = this.#frame;
    const text = token.text;
    const opener = Object.hasOwn(OPENERS, text) ? OPENERS[text] : undefined;
    if (frame.lambda && text !== ":" && opener === undefined && !")]}".includes(text)) return 0;
    if (frame.clause === "targets") {
      if (opener !== undefined) frame.targetDepth += 1;
      if (opener !== undefined || !")]}".includes(text)) return 0;
      if (frame.targetDepth > 0) {
        frame.targetDepth -= 1;
        return 0;
      }
    }
    if (opener !== undefined) {
      const postfix = !frame.expectOperand && text !== "{";
      const callee = postfix ? (frame.operands.pop() ?? UNKNOWN) : UNKNOWN;
      if (postfix) frame.expectOperand = true;
      this.#open(opener[postfix ? 1 : 0], callee, this.#tokens[at - 1]?.line ?? token.line);
    } else if (text === ")" || text === "]" || text === "}") {
      if (this.#skipped > 0) {
        this.#skipped -= 1;
      } else if (this.#frames.length > 1 && frame.kind !== "fstring" && frame.kind !== "field") {
        this.#close();
        this.#finish(at, token.line);
      }
    } else if (text === "." && !frame.expectOperand) {
      const next = at + 1 < this.#to ? this.#tokens[at + 1] : undefined;
      if (next?.kind !== "name") return 0;
      frame.operands.push(this.#semantics.attribute(frame.operands.pop() ?? UNKNOWN, next.text, next.line));
      this.#finish(at + 1, next.line);
      return 1;
    } else if (text === ",") {
      this.#flush();
      if (frame.clause !== "none") frame.clause = "none";
    } else if (text === ":") {
      this.#colon();
    } else if (frame.expectOperand) {
      if (text === "**" && frame.kind === "call") frame.keyword = "**";
      else if (text === "-") {
        frame.negative = true;
        frame.operators.push("unary");
      } else if (text === "~") frame.operators.push("unary");
      else if (text === "**") frame.key = UNKNOWN;
    } else if (Object.hasOwn(PRECEDENCE, text)) {
      this.#binary(text);
    }
    return 0;
  }

  #colon(): void {
    const frame = this.#frame;
    if (frame.lambda) {
      frame.lambda = false;
    } else if (frame.kind === "dict") {
      frame.key = this.#reduceAll();
    } else {
      frame.colons += 1;
      this.#flush();
    }
  }

  #open(kind: FrameKind, callee: Value, line: number): void {
    if (this.#frames.length >= MAX_DEPTH) {
      this.#skipped += 1;
      return;
    }
    this.#frame = newFrame(kind, callee, line);
    this.#frames.push(this.#frame);
  }

  #operand(value: Value): void {
    const frame = this.#frame;
    // Two operands with nothing between them: not Python, or Python 2's `print x`.
    if (!frame.expectOperand) this.#flush();
    frame.operands.push(value);
    frame.expectOperand = false;
  }

  /** A string: one that follows another is part of it. */
  #text(value: Value): void {
    const frame = this.#frame;
    const before = frame.expectOperand ? undefined : frame.operands.at(-1);
    if (frame.kind === "fstring") {
      frame.items.push(value);
      frame.count += 1;
    } else if (before !== undefined && before.text !== undefined && before.name === undefined) {
      frame.operands[frame.operands.length - 1] = concatenate(before, value);
    } else {
      this.#operand(value);
    }
  }

  /** An operand is complete unless an attribute, call or subscript follows. */
  #finish(at: number, line: number): void {
    const value = this.#frame.operands.at(-1);
    if (value?.name === undefined) return;
    const next = at + 1 < this.#to ? this.#tokens[at + 1] : undefined;
    if (next?.kind === "op" && (next.text === "." || next.text === "(" || next.text === "[")) return;
    this.#semantics.use(value, line, this.#frame.operators.at(-1));
  }

  #binary(operator: string): void {
    const frame = this.#frame;
    if (frame.expectOperand) {
      if (operator === "not") frame.operators.push("not");
      return;
    }
    // `not` between operands is the first word of `not in`.
    if (operator === "not") return;
    this.#reduce(PRECEDENCE[operator] ?? 0);
    frame.operators.push(operator);
    frame.expectOperand = true;
  }

  /** Applies the waiting operators that bind at least as tightly. */
  #reduce(precedence: number): void {
    const { operators, operands } = this.#frame;
    while (operators.length > 0) {
      const operator = operators.at(-1) ?? "";
      if ((PRECEDENCE[operator] ?? 0) < precedence) return;
      operators.pop();
      const right = operands.pop() ?? UNKNOWN;
      if (operator === "unary" || operator === "not") operands.push(operator === "not" ? UNKNOWN : tainted(right));
      else operands.push(applyOperator(operator, operands.pop() ?? UNKNOWN, right, this.#semantics));
    }
  }

  #reduceAll(): Value {
    const frame = this.#frame;
    this.#reduce(0);
    const value = frame.operands.pop() ?? UNKNOWN;
    frame.operands = [];
    frame.operators = [];
    frame.expectOperand = true;
    return value.folded ? this.#semantics.foldedText(value, this.#line) : value;
  }

  /** Ends the expression at hand and files it as an element, argument, loop variable or condition. */
  #flush(): void {
    const frame = this.#frame;
    frame.lambda = false;
    if (frame.operands.length === 0) {
      frame.expectOperand = true;
      return;
    }
    let value = this.#reduceAll();
    if (frame.clause === "iterable") {
      for (const name of frame.targets) this.#semantics.bind(name, elementOf(value));
      return;
    }
    if (frame.clause === "condition") return;
    if (frame.walrus !== undefined) {
      this.#semantics.bind(frame.walrus, value);
      frame.walrus = undefined;
    }
    if (frame.key !== undefined) {
      value = this.#semantics.dictItem(frame.key, value, this.#line);
      frame.key = undefined;
    }
    frame.labels = union([frame.labels, value]);
    if (frame.keyword !== undefined) {
      frame.keywords ??= new Map();
      frame.keywords.set(frame.keyword, value);
      frame.keyword = undefined;
      return;
    }
    frame.count += 1;
    if (frame.items.length < MAX_ITEMS) frame.items.push(value);
  }

  /** Closes the innermost f-string or field, and whatever was left open in it. */
  #closeTo(kind: FrameKind): void {
    while (this.#frames.length > 1 && this.#frame.kind !== kind) this.#close();
    if (this.#frame.kind === kind) this.#close();
  }

  #close(): void {
    this.#flush();
    const closed = this.#frame;
    this.#frames.pop();
    this.#frame = this.#frames.at(-1) ?? closed;
    const value = valueOfFrame(closed, this.#semantics);
    if (closed.kind === "fstring" || (closed.kind === "field" && this.#frame.kind === "fstring")) this.#text(value);
    else this.#operand(value);
  }
}
