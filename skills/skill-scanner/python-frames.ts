import type { Semantics } from "./python-semantics.ts";
import type { Value } from "./python-values.ts";
import { concatenate, either, folded, HOLE, joinPath, MAX_FOLDED, tainted, union, UNKNOWN } from "./python-values.ts";

/** What a frame stands for: the statement, a bracket, an f-string or a field of one. */
export type FrameKind = "top" | "group" | "call" | "list" | "subscript" | "dict" | "fstring" | "field";

/** An expression being read, with what is known of the bracket it stands in. */
export interface Frame {
  readonly kind: FrameKind;
  readonly callee: Value;
  readonly line: number;
  operands: Value[];
  operators: string[];
  expectOperand: boolean;
  items: Value[];
  /** Union of all items, those not kept included. */
  labels: Value;
  count: number;
  keywords: Map<string, Value> | undefined;
  keyword: string | undefined;
  key: Value | undefined;
  colons: number;
  negative: boolean;
  clause: "none" | "targets" | "iterable" | "condition";
  targets: string[];
  targetDepth: number;
  walrus: string | undefined;
  lambda: boolean;
}

/** How tightly operators bind. */
export const PRECEDENCE: Readonly<Record<string, number>> = {
  if: 2,
  else: 2,
  or: 3,
  and: 4,
  not: 5,
  in: 6,
  is: 6,
  "<": 6,
  ">": 6,
  "<=": 6,
  ">=": 6,
  "==": 6,
  "!=": 6,
  "<>": 6,
  "|": 7,
  "^": 7,
  "&": 7,
  "<<": 7,
  ">>": 7,
  "+": 8,
  "-": 8,
  "*": 9,
  "/": 9,
  "//": 9,
  "%": 9,
  "@": 9,
  unary: 10,
  "**": 11,
};

const NO_KEYWORDS: ReadonlyMap<string, Value> = new Map();

/** The value of a binary operation. */
export function applyOperator(operator: string, left: Value, right: Value, semantics: Semantics): Value {
  switch (operator) {
    case "+":
      return concatenate(left, right);
    case "/":
      return { ...joinPath([left, right]), name: left.name };
    case "%":
      return left.text === undefined ? union([left, right]) : semantics.format(left, right);
    case "or":
    case "else":
      return either(right, left);
    case "and":
      return either(left, right);
    case "if":
      return left;
    default:
      return PRECEDENCE[operator] === 6 ? UNKNOWN : union([left, right]);
  }
}

/** What a closed bracket or f-string gives. */
export function valueOfFrame(frame: Frame, semantics: Semantics): Value {
  const only = frame.items[0] ?? UNKNOWN;
  switch (frame.kind) {
    case "call":
      return semantics.call(
        frame.callee,
        { positional: frame.items, keywords: frame.keywords ?? NO_KEYWORDS },
        frame.line,
      );
    case "subscript":
      return subscript(frame, only, semantics);
    case "group":
    case "field":
    case "top":
      return frame.count === 1 ? only : collectionOf(frame);
    case "fstring": {
      let text = "";
      for (const part of frame.items) {
        if (text.length + (part.text?.length ?? 0) > MAX_FOLDED) return union(frame.items);
        text += part.text ?? HOLE;
      }
      return { ...folded(text, union(frame.items)), folded: frame.count > 1 };
    }
    case "list":
    case "dict":
      break;
  }
  return collectionOf(frame);
}

function subscript(frame: Frame, index: Value, semantics: Semantics): Value {
  if (frame.colons === 0) return semantics.subscript(frame.callee, index, frame.line);
  if (frame.colons !== 2 || !frame.negative || frame.count !== 1) return tainted(frame.callee);
  return semantics.reversed(frame.callee);
}

/** A tuple, list, dict or set. */
export function collectionOf(frame: Frame): Value {
  return { ...frame.labels, items: frame.count === frame.items.length ? frame.items : undefined };
}
/** An empty frame. */
export function newFrame(kind: FrameKind, callee: Value, line: number): Frame {
  return {
    kind,
    callee,
    line,
    operands: [],
    operators: [],
    expectOperand: true,
    items: [],
    labels: UNKNOWN,
    count: 0,
    keywords: undefined,
    keyword: undefined,
    key: undefined,
    colons: 0,
    negative: false,
    clause: "none",
    targets: [],
    targetDepth: 0,
    walrus: undefined,
    lambda: false,
  };
}
