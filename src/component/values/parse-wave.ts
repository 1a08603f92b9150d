import { CordonError } from "../../shared/errors.ts";
import { printType } from "../../shared/wit/print-wit.ts";
import { quoteText } from "../../shared/text/quote-text.ts";
import type { WitType } from "../../shared/wit/wit.ts";
import { didYouMean } from "./nearest-name.ts";
import { floatFromNumber, integerFromDigits } from "./scalars.ts";
import { acceptsUndefined, isTaggedOption, MAX_VALUE_DEPTH, memberKeys } from "./shapes.ts";
import type { TaggedValue } from "./shapes.ts";
import { readToken, WAVE_KEYWORDS } from "./wave-tokens.ts";
import type { WaveToken } from "./wave-tokens.ts";

const SHOWN_TYPE = 200;

/** Where the reader stands: `next` is the token that was not taken yet. */
interface Reader {
  readonly text: string;
  next: WaveToken;
}

/**
 * Reads WAVE text (https://github.com/bytecodealliance/wasm-tools/tree/main/crates/wasm-wave#encoding) as a value of a WIT
 * type, in the shape that the engine takes (see `shapes.ts`). The whole of WAVE is read: flat `some` and `ok`, omitted
 * options in records, `{:}`, multi-line strings, `%` before labels, comments, trailing commas. Beyond it, as WAVE has no
 * maps: `map<K, V>` is a list of pairs, `[(k, v), (k, v)]`. Stricter than the reference parser: unknown fields of a
 * record are refused, and so are numbers too large for a float.
 *
 * @throws CordonError `usage` when the text is no value of the type: the column (in characters, from 1; with the line
 *   where there are several), the WIT type expected, and what was found. Nesting is bounded at 100.
 */
export function parseWave(text: string, type: WitType): unknown {
  const reader: Reader = { text, next: readToken(text, 0) };
  const value = readValue(reader, type, 0);
  if (reader.next.kind !== "end") fail(reader, type);
  return value;
}

function fail(reader: Reader, expected: WitType | string, found?: string, at: WaveToken = reader.next): never {
  const before = reader.text.slice(0, at.start);
  const lines = before.split("\n");
  const column = Array.from(lines.at(-1) ?? "").length + 1;
  const where = lines.length > 1 ? `line ${lines.length}, column ${column}` : `column ${column}`;
  const wanted = typeof expected === "string" ? expected : printType(expected, { maxLength: SHOWN_TYPE });
  throw new CordonError(
    "usage",
    `Cannot read the value as WAVE: ${where}: expected ${wanted}, found ${found ?? describeToken(at)}`,
  );
}

function describeToken(found: WaveToken): string {
  if (found.kind === "end") return "the end of the text";
  if (found.kind === "invalid") return `${found.value}, ${quoteText(found.text)}`;
  return quoteText(found.text, 40);
}

/** The word that begins at a token: in wrong text, `World` is two labels. */
function wordAt(reader: Reader, start: number): string {
  return /^[^\s"'(){}[\]:,]*/.exec(reader.text.slice(start, start + 100))?.[0] ?? "";
}

function take(reader: Reader): WaveToken {
  const taken = reader.next;
  reader.next = readToken(reader.text, taken.end);
  return taken;
}

function isNext(reader: Reader, punctuation: string): boolean {
  return reader.next.kind === "punctuation" && reader.next.text === punctuation;
}

function takeIf(reader: Reader, punctuation: string): boolean {
  if (!isNext(reader, punctuation)) return false;
  take(reader);
  return true;
}

function expectNext(reader: Reader, punctuation: string, type: WitType): void {
  if (!takeIf(reader, punctuation)) fail(reader, `"${punctuation}" of ${printType(type, { maxLength: SHOWN_TYPE })}`);
}

/** Whether the next token is a keyword, written without `%`. */
function isKeyword(reader: Reader, keyword: string): boolean {
  return reader.next.kind === "label" && reader.next.text === keyword;
}

function readValue(reader: Reader, type: WitType, depth: number): unknown {
  if (depth >= MAX_VALUE_DEPTH) fail(reader, type, "a type that is nested too deeply");
  const { next } = reader;
  switch (type.kind) {
    case "s8":
    case "u8":
    case "s16":
    case "u16":
    case "s32":
    case "u32":
    case "s64":
    case "u64":
      return leaf(reader, type, next.kind === "number" ? integerFromDigits(type.kind, next.text) : undefined);
    case "bool":
      return leaf(reader, type, isKeyword(reader, "true") ? true : isKeyword(reader, "false") ? false : undefined);
    case "f32":
    case "f64":
      return leaf(reader, type, readFloat(next, type.kind));
    case "char":
    case "string":
      if (next.kind === "label") {
        const quotes = type.kind === "char" ? "single" : "double";
        fail(reader, type, `${quoteText(wordAt(reader, next.start), 40)}, which is not between ${quotes} quotes`);
      }
      return leaf(reader, type, next.kind === type.kind ? next.value : undefined);
    case "enum": {
      const at = next;
      const name = readLabel(reader, type);
      return type.names.includes(name)
        ? name
        : fail(reader, type, `${quoteText(name, 40)}${didYouMean(name, type.names)}`, at);
    }
    case "list":
      return readList(reader, type, depth);
    case "tuple": {
      expectNext(reader, "(", type);
      const elements = readItems(reader, ")", type, (index) => {
        const element = type.elements[index];
        return element === undefined
          ? fail(reader, `${type.elements.length} elements`)
          : readValue(reader, element, depth + 1);
      });
      return elements.length === type.elements.length ? elements : fail(reader, type, `${elements.length} elements`);
    }
    case "record":
      return readRecord(reader, type, depth);
    case "flags":
      return readFlags(reader, type);
    case "option":
      return readOption(reader, type, depth);
    case "result":
      return readResult(reader, type, depth);
    case "variant": {
      const at = next;
      const name = readLabel(reader, type);
      const found = type.cases.find((item) => item.name === name);
      const names = type.cases.map((item) => item.name);
      if (found === undefined) return fail(reader, type, `${quoteText(name, 40)}${didYouMean(name, names)}`, at);
      return readPayload(reader, type, name, found.type, depth);
    }
    case "map": {
      const pair: WitType = { kind: "tuple", elements: [type.key, type.value] };
      expectNext(reader, "[", type);
      return new Map(readItems(reader, "]", type, () => readValue(reader, pair, depth) as [unknown, unknown]));
    }
    case "own":
    case "borrow":
    case "stream":
    case "future":
    case "error-context":
      break;
  }
  return fail(reader, type, `${describeToken(next)}; such a value cannot be passed`);
}

/** Takes one token that was read as a value, or fails where it was none. */
function leaf<T>(reader: Reader, type: WitType, value: T | undefined): T {
  if (value === undefined) fail(reader, type);
  take(reader);
  return value;
}

function readFloat(next: WaveToken, kind: "f32" | "f64"): number | undefined {
  if (next.text === "nan") return Number.NaN;
  if (next.text === "inf") return Number.POSITIVE_INFINITY;
  if (next.text === "-inf") return Number.NEGATIVE_INFINITY;
  return next.kind === "number" ? floatFromNumber(kind, Number(next.text)) : undefined;
}

/** A label, without its `%`; a keyword is none. */
function readLabel(reader: Reader, type: WitType): string {
  const { next } = reader;
  if (next.kind !== "label") return fail(reader, type);
  if (WAVE_KEYWORDS.has(next.text)) {
    fail(reader, type, `the keyword ${quoteText(next.text)}; as a name it is written ${quoteText(`%${next.text}`)}`);
  }
  return memberName(take(reader));
}

/** The name that a label means where only names may stand. */
function memberName(label: WaveToken): string {
  return label.text.startsWith("%") ? label.text.slice(1) : label.text;
}

/** Comma-separated items up to a closing token, a trailing comma allowed. */
function readItems<T>(reader: Reader, close: string, type: WitType, readItem: (index: number) => T): T[] {
  const items: T[] = [];
  while (!takeIf(reader, close)) {
    items.push(readItem(items.length));
    if (!isNext(reader, close)) expectSeparator(reader, close, type);
  }
  return items;
}

function expectSeparator(reader: Reader, close: string, type: WitType): void {
  if (takeIf(reader, ",")) return;
  fail(reader, `"," or "${close}" of ${printType(type, { maxLength: SHOWN_TYPE })}`);
}

function readList(reader: Reader, type: WitType & { readonly kind: "list" }, depth: number): unknown {
  const start = reader.next;
  expectNext(reader, "[", type);
  const elements = readItems(reader, "]", type, () => readValue(reader, type.element, depth + 1));
  if (type.length === undefined) {
    return type.element.kind === "u8" ? Uint8Array.from(elements as number[]) : elements;
  }
  return elements.length === type.length ? elements : fail(reader, type, `${elements.length} elements`, start);
}

function readRecord(reader: Reader, type: WitType & { readonly kind: "record" }, depth: number): unknown {
  const start = reader.next;
  refuseCollision(reader, type);
  const { keys } = memberKeys(type);
  const names = type.fields.map((field) => field.name);
  const values = new Map<string, unknown>();
  expectNext(reader, "{", type);
  if (takeIf(reader, ":")) {
    expectNext(reader, "}", type);
  } else {
    if (isNext(reader, "}")) fail(reader, type, '"{}"; a record without fields is written "{:}"', start);
    readItems(reader, "}", type, () => {
      const at = reader.next;
      if (at.kind !== "label") fail(reader, type);
      const name = memberName(take(reader));
      const field = type.fields.find((candidate) => candidate.name === name);
      if (field === undefined) {
        return fail(reader, type, `the unknown field ${quoteText(name, 40)}${didYouMean(name, names)}`, at);
      }
      if (values.has(name)) fail(reader, type, `the field ${quoteText(name, 40)} twice`, at);
      expectNext(reader, ":", type);
      values.set(name, readValue(reader, field.type, depth + 1));
      return undefined;
    });
  }
  return Object.fromEntries(
    type.fields.map((field, index) => {
      const key = keys[index] ?? "";
      if (values.has(field.name)) return [key, values.get(field.name)];
      if (field.type.kind !== "option") fail(reader, type, `no field ${quoteText(field.name, 40)}`, start);
      return [key, acceptsUndefined(field.type) ? undefined : { tag: "none" }];
    }),
  );
}

function readFlags(reader: Reader, type: WitType & { readonly kind: "flags" }): unknown {
  refuseCollision(reader, type);
  expectNext(reader, "{", type);
  const raised = new Set<string>();
  readItems(reader, "}", type, () => {
    const at = reader.next;
    if (at.kind !== "label") fail(reader, type);
    const name = memberName(take(reader));
    if (!type.names.includes(name)) {
      fail(reader, type, `the unknown flag ${quoteText(name, 40)}${didYouMean(name, type.names)}`, at);
    }
    if (raised.has(name)) fail(reader, type, `the flag ${quoteText(name, 40)} twice`, at);
    raised.add(name);
  });
  return Object.fromEntries(memberKeys(type).keys.map((key, index) => [key, raised.has(type.names[index] ?? "")]));
}

function refuseCollision(reader: Reader, type: WitType & { readonly kind: "record" | "flags" }): void {
  const { collision } = memberKeys(type);
  if (collision === undefined) return;
  const [first, second] = collision;
  fail(reader, type, `names that JavaScript cannot tell apart: ${quoteText(first)} and ${quoteText(second)}`);
}

function readOption(reader: Reader, type: WitType & { readonly kind: "option" }, depth: number): unknown {
  const tagged = isTaggedOption(type);
  if (isKeyword(reader, "none")) {
    take(reader);
    return tagged ? { tag: "none" } : undefined;
  }
  let value: unknown;
  if (isKeyword(reader, "some")) {
    take(reader);
    value = readPayload(reader, type, "some", type.element, depth).val;
  } else {
    if (!isFlat(type.element)) fail(reader, type);
    value = readValue(reader, type.element, depth + 1);
  }
  return tagged ? { tag: "some", val: value } : value;
}

function readResult(reader: Reader, type: WitType & { readonly kind: "result" }, depth: number): TaggedValue {
  for (const tag of ["ok", "err"] as const) {
    if (!isKeyword(reader, tag)) continue;
    take(reader);
    return readPayload(reader, type, tag, type[tag], depth);
  }
  if (type.ok === undefined || !isFlat(type.ok)) return fail(reader, type);
  return { tag: "ok", val: readValue(reader, type.ok, depth + 1) };
}

/** Whether a value of the type can stand for itself where an option or a result is expected. */
function isFlat(type: WitType): boolean {
  return type.kind !== "option" && type.kind !== "result";
}

function readPayload(
  reader: Reader,
  type: WitType,
  tag: string,
  payload: WitType | undefined,
  depth: number,
): TaggedValue {
  if (payload === undefined) {
    if (isNext(reader, "(")) fail(reader, type, `a payload for ${quoteText(tag, 40)}, which has none`);
    return { tag };
  }
  expectNext(reader, "(", type);
  const val = readValue(reader, payload, depth + 1);
  expectNext(reader, ")", type);
  return { tag, val };
}
