import { CordonError } from "../errors.ts";
import { quoteText } from "../text/quote-text.ts";
import { nearest } from "../text/suggest.ts";
import type { WitCase, WitField, WitFunction, WitPrimitive, WitType } from "./wit.ts";

/** The longest text that is read, in UTF-16 code units. */
const MAX_LENGTH = 16_384;

/** How deep a type may nest; the same bound as the printer's. */
const MAX_DEPTH = 100;

/** As many flags as the Component Model allows. */
const MAX_FLAGS = 32;

/** The most elements a list of fixed length may have. */
const MAX_LIST_LENGTH = 0xffff_ffff;

const SHOWN_TEXT = 200;

/** One token after the white space before it: a name, which may be escaped with `%`, a number, an arrow, or a mark. */
const TOKEN = /\s*(?:(%?[a-z][a-z0-9]*(?:-[a-z0-9]+)*)|([0-9]+)|(->|[(){}<>,:_])|$)/iy;

/** A name in WIT: words in one case each, joined by single hyphens. */
const LABEL = /^(?:[a-z][a-z0-9]*|[A-Z][A-Z0-9]*)(?:-(?:[a-z0-9]+|[A-Z0-9]+))*$/;

const PRIMITIVES: ReadonlyMap<string, WitPrimitive> = new Map(
  (["bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "f32", "f64", "char", "string"] as const).map(
    (kind) => [kind, kind],
  ),
);

const CONSTRUCTORS = [
  "list",
  "option",
  "result",
  "tuple",
  "record",
  "variant",
  "enum",
  "flags",
  "stream",
  "future",
] as const;

/** Where the reader stands; `token` is the next one, empty at the end. */
interface Reader {
  readonly text: string;
  /** Names that stand for resources. */
  readonly resources: ReadonlySet<string>;
  at: number;
  token: string;
  tokenAt: number;
}

/** Whether a text is a name as WIT has them, such as `read-file` or `get-URL`. */
export function isLabel(text: string): boolean {
  return LABEL.test(text);
}

/**
 * A function's type from its WIT text, such as `func(path: string) -> result<list<u8>, string>`: what `printFunctionType` prints
 * of types that are plain values, with white space and trailing commas where WIT allows them. Records, variants, enums and flags
 * are written inline: `record { x: s32, y: s32 }`. Names of types, maps and comments are not read.
 *
 * @param name The function's own name, which the text does not have.
 * @param resources Names of resources, which stand for handles that own them; `borrow<NAME>` is one that is lent.
 * @throws CordonError `usage` that says where the text is wrong; also when it is longer than 16,384 characters or nests deeper
 *   than 100 types.
 */
export function parseFunctionType(text: string, name: string, resources: ReadonlySet<string> = new Set()): WitFunction {
  const reader: Reader = { text, resources, at: 0, token: "", tokenAt: 0 };
  if (text.length > MAX_LENGTH) throw wrong(reader, `it is longer than ${MAX_LENGTH} characters`);
  advance(reader);
  const async = take(reader, "async");
  expect(reader, "func");
  expect(reader, "(");
  const parameters = commaSeparated(reader, ")", () => field(reader, 0));
  assertDistinct(reader, parameters, "parameters");
  const result = take(reader, "->") ? type(reader, 0) : undefined;
  if (reader.token !== "") throw unexpected(reader, "the end");
  return { name, parameters, async, ...(result === undefined ? {} : { result }) };
}

function advance(reader: Reader): void {
  TOKEN.lastIndex = reader.at;
  const found = TOKEN.exec(reader.text);
  if (found === null) {
    reader.tokenAt = reader.at + (/^\s*/.exec(reader.text.slice(reader.at))?.[0].length ?? 0);
    reader.token = String.fromCodePoint(reader.text.codePointAt(reader.tokenAt) ?? 0);
    throw unexpected(reader, "a name, a number or one of ( ) { } < > , : _ ->");
  }
  const [whole, word = "", digits = "", mark = ""] = found;
  reader.token = word + digits + mark;
  reader.tokenAt = reader.at + whole.length - reader.token.length;
  reader.at += whole.length;
}

function take(reader: Reader, token: string): boolean {
  if (reader.token !== token) return false;
  advance(reader);
  return true;
}

function expect(reader: Reader, token: string): void {
  if (!take(reader, token)) throw unexpected(reader, quoteText(token));
}

function label(reader: Reader): string {
  const name = reader.token.replace(/^%/, "");
  if (!isLabel(name)) throw unexpected(reader, "a name");
  advance(reader);
  return name;
}

function commaSeparated<T>(reader: Reader, end: string, one: () => T): readonly T[] {
  const items: T[] = [];
  while (!take(reader, end)) {
    items.push(one());
    if (reader.token !== end) expect(reader, ",");
  }
  return items;
}

function field(reader: Reader, depth: number): WitField {
  const name = label(reader);
  expect(reader, ":");
  return { name, type: type(reader, depth) };
}

function type(reader: Reader, depth: number): WitType {
  if (depth >= MAX_DEPTH) throw wrong(reader, `it is nested deeper than ${MAX_DEPTH} types`);
  const { token } = reader;
  const primitive = PRIMITIVES.get(token);
  if (primitive !== undefined) {
    advance(reader);
    return { kind: primitive };
  }
  const kind = CONSTRUCTORS.find((known) => known === token);
  if (kind === undefined) {
    const handle = handleType(reader);
    if (handle !== undefined) return handle;
    const near = nearest(token, [...PRIMITIVES.keys(), ...CONSTRUCTORS, ...reader.resources]);
    throw unexpected(reader, near === undefined || token === "" ? "a type" : `a type (did you mean ${near}?)`);
  }
  advance(reader);
  return constructed(reader, kind, depth + 1);
}

/** A handle of one of the resources that there are. */
function handleType(reader: Reader): WitType | undefined {
  const { token, resources } = reader;
  if (resources.has(token.replace(/^%/, ""))) return { kind: "own", resource: label(reader) };
  if (token !== "own" && token !== "borrow") return undefined;
  advance(reader);
  expect(reader, "<");
  if (!resources.has(reader.token.replace(/^%/, ""))) throw unexpected(reader, "a resource that is declared");
  const resource = label(reader);
  expect(reader, ">");
  return { kind: token, resource };
}

function constructed(reader: Reader, kind: (typeof CONSTRUCTORS)[number], depth: number): WitType {
  switch (kind) {
    case "list":
      return list(reader, depth);
    case "option": {
      expect(reader, "<");
      const element = type(reader, depth);
      expect(reader, ">");
      return { kind, element };
    }
    case "result":
      return result(reader, depth);
    case "stream":
    case "future": {
      if (!take(reader, "<")) return { kind };
      const element = type(reader, depth);
      expect(reader, ">");
      return { kind, element };
    }
    case "tuple":
      expect(reader, "<");
      return {
        kind,
        elements: notEmpty(
          reader,
          kind,
          commaSeparated(reader, ">", () => type(reader, depth)),
        ),
      };
    case "record":
      return { kind, fields: members(reader, kind, () => field(reader, depth)) };
    case "variant":
      return { kind, cases: members(reader, kind, () => variantCase(reader, depth)) };
    case "enum":
    case "flags": {
      const names = members(reader, kind, () => ({ name: label(reader) })).map(({ name }) => name);
      if (kind === "flags" && names.length > MAX_FLAGS) throw wrong(reader, `it has more than ${MAX_FLAGS} flags`);
      return { kind, names };
    }
  }
}

function list(reader: Reader, depth: number): WitType {
  expect(reader, "<");
  const element = type(reader, depth);
  if (take(reader, ">")) return { kind: "list", element };
  expect(reader, ",");
  const length = /^[1-9][0-9]{0,9}$/.test(reader.token) ? Number(reader.token) : Number.NaN;
  if (!(length <= MAX_LIST_LENGTH)) throw unexpected(reader, `a length from 1 to ${MAX_LIST_LENGTH}`);
  advance(reader);
  expect(reader, ">");
  return { kind: "list", element, length };
}

function result(reader: Reader, depth: number): WitType {
  if (!take(reader, "<")) return { kind: "result" };
  const ok = take(reader, "_") ? undefined : type(reader, depth);
  const err = take(reader, ",") ? type(reader, depth) : undefined;
  if (ok === undefined && err === undefined) throw unexpected(reader, '","');
  expect(reader, ">");
  return { kind: "result", ...(ok === undefined ? {} : { ok }), ...(err === undefined ? {} : { err }) };
}

function variantCase(reader: Reader, depth: number): WitCase {
  const name = label(reader);
  if (!take(reader, "(")) return { name };
  const payload = type(reader, depth);
  expect(reader, ")");
  return { name, type: payload };
}

function members<T extends { readonly name: string }>(reader: Reader, kind: string, one: () => T): readonly T[] {
  expect(reader, "{");
  const found = notEmpty(reader, kind, commaSeparated(reader, "}", one));
  assertDistinct(reader, found, kind);
  return found;
}

function notEmpty<T>(reader: Reader, kind: string, items: readonly T[]): readonly T[] {
  if (items.length === 0) throw wrong(reader, `a ${kind} has to have at least one member`);
  return items;
}

/** WIT tells names apart without regard to letter case. */
function assertDistinct(reader: Reader, named: readonly { readonly name: string }[], kind: string): void {
  const seen = new Set<string>();
  for (const { name } of named) {
    if (seen.has(name.toLowerCase())) throw wrong(reader, `the name ${name} stands twice in the ${kind}`);
    seen.add(name.toLowerCase());
  }
}

function unexpected(reader: Reader, expected: string): CordonError {
  const found = reader.token === "" ? "the end" : quoteText(reader.token, SHOWN_TEXT);
  return wrong(reader, `expected ${expected} at character ${reader.tokenAt + 1}, found ${found}`);
}

function wrong({ text }: Reader, problem: string): CordonError {
  return new CordonError("usage", `Cannot read the function type ${quoteText(text, SHOWN_TEXT)}: ${problem}`);
}
