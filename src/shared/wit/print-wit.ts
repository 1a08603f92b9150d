import { CordonError } from "../errors.ts";
import { quoteText } from "../text/quote-text.ts";
import type { WitField, WitFunction, WitType } from "./wit.ts";

/** How a type is written. */
export interface PrintTypeOptions {
  /** Write a named type by its name instead of its structure; default false. */
  readonly names?: boolean;
  /**
   * The length at which the text is cut, in UTF-16 code units; the cut is marked with `…`. Default 1,000 with `names`,
   * none without: the structural form is compared, so it is whole or not at all.
   */
  readonly maxLength?: number;
}

/** How deep a type may nest; the same bound as the decoder's. */
const MAX_DEPTH = 100;

/** How many nodes the structural form may have. Far above the decoder's bound on a whole interface. */
const MAX_NODES = 1_000_000;

const DEFAULT_NAMED_LENGTH = 1_000;

/** A name that needs no quotes: letters and digits in words joined by single hyphens, starting with a letter. */
const IDENTIFIER = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/i;

/** Words that WIT reserves; as a name they are written with a leading `%`. */
const KEYWORDS: ReadonlySet<string> = new Set(
  (
    "as async bool borrow char constructor enum error-context export f32 f64 flags from func future import include " +
    "interface list map option own package record resource result s16 s32 s64 s8 static stream string tuple type u16 " +
    "u32 u64 u8 use variant with world"
  ).split(" "),
);

interface Output {
  text: string;
  nodes: number;
  full: boolean;
  readonly names: boolean;
  readonly maxLength: number | undefined;
}

/**
 * A type as WIT text (https://github.com/WebAssembly/component-model/blob/main/design/mvp/WIT.md#wit-types), such as
 * `result<list<u8>, string>`. Records, variants, enums and flags are written inline: `record { x: s32, y: s32 }`.
 *
 * The default form is structural, canonical and injective: two types have the same text exactly when they are
 * structurally equal without their own names. Names that are no WIT identifiers, which only a hostile component has,
 * stand in double quotes with their invisible characters escaped.
 *
 * @throws CordonError `unsupported` when the structural form is nested deeper than 100 types or has more than a million
 *   parts. With `maxLength` or `names` it is cut instead.
 */
export function printType(type: WitType, options: PrintTypeOptions = {}): string {
  const output = open(options);
  writeType(output, type, 0);
  return output.text;
}

/**
 * A function's type as WIT text: `func(path: string) -> result<string, string>`, `async func(...)`, without an arrow when
 * there is no result. Parameter names belong to it, the function's own name does not. Everything said of
 * {@link printType} holds here.
 *
 * @throws CordonError `unsupported` as {@link printType} does.
 */
export function printFunctionType(fn: WitFunction, options: PrintTypeOptions = {}): string {
  const output = open(options);
  write(output, fn.async ? "async func(" : "func(");
  writeFields(output, fn.parameters, 0);
  write(output, ")");
  if (fn.result !== undefined) {
    write(output, " -> ");
    writeType(output, fn.result, 0);
  }
  return output.text;
}

function open(options: PrintTypeOptions): Output {
  const names = options.names ?? false;
  return {
    text: "",
    nodes: 0,
    full: false,
    names,
    maxLength: options.maxLength ?? (names ? DEFAULT_NAMED_LENGTH : undefined),
  };
}

function write(output: Output, text: string): void {
  if (output.full) return;
  output.text += text;
  if (output.maxLength !== undefined && output.text.length > output.maxLength) {
    const kept = output.text.slice(0, Math.max(0, output.maxLength - 1)).replace(/[\uD800-\uDBFF]$/, "");
    output.text = `${kept}…`;
    output.full = true;
  }
}

function writeName(output: Output, name: string): void {
  if (!IDENTIFIER.test(name)) write(output, quoteText(name));
  else write(output, KEYWORDS.has(name) ? `%${name}` : name);
}

function writeType(output: Output, type: WitType, depth: number): void {
  if (output.full) return;
  output.nodes += 1;
  if (depth >= MAX_DEPTH || output.nodes > MAX_NODES) {
    if (output.maxLength !== undefined) return write(output, "…");
    throw new CordonError(
      "unsupported",
      `Cannot write a type as WIT: it is nested deeper than ${MAX_DEPTH} types or has more than ${MAX_NODES} parts`,
    );
  }
  if (output.names && "name" in type && type.name !== undefined) return writeName(output, type.name);
  switch (type.kind) {
    case "list":
      write(output, "list<");
      writeType(output, type.element, depth + 1);
      return write(output, type.length === undefined ? ">" : `, ${type.length}>`);
    case "record":
      write(output, "record { ");
      writeFields(output, type.fields, depth + 1);
      return write(output, " }");
    case "variant":
      write(output, "variant { ");
      writeEach(output, type.cases, (item) => {
        writeName(output, item.name);
        if (item.type !== undefined) {
          write(output, "(");
          writeType(output, item.type, depth + 1);
          write(output, ")");
        }
      });
      return write(output, " }");
    case "enum":
    case "flags":
      write(output, `${type.kind} { `);
      writeEach(output, type.names, (name) => writeName(output, name));
      return write(output, " }");
    case "own":
      return writeName(output, type.resource);
    case "borrow":
      write(output, "borrow<");
      writeName(output, type.resource);
      return write(output, ">");
    case "result":
      return writeResult(output, type.ok, type.err, depth);
    case "tuple":
      return writeGeneric(output, "tuple", type.elements, depth);
    case "option":
      return writeGeneric(output, "option", [type.element], depth);
    case "stream":
    case "future":
      if (type.element === undefined) return write(output, type.kind);
      return writeGeneric(output, type.kind, [type.element], depth);
    case "map":
      return writeGeneric(output, "map", [type.key, type.value], depth);
    case "bool":
    case "s8":
    case "u8":
    case "s16":
    case "u16":
    case "s32":
    case "u32":
    case "s64":
    case "u64":
    case "f32":
    case "f64":
    case "char":
    case "string":
    case "error-context":
      return write(output, type.kind);
  }
}

function writeResult(output: Output, ok: WitType | undefined, err: WitType | undefined, depth: number): void {
  write(output, "result");
  if (ok === undefined && err === undefined) return;
  write(output, "<");
  if (ok === undefined) write(output, "_");
  else writeType(output, ok, depth + 1);
  if (err !== undefined) {
    write(output, ", ");
    writeType(output, err, depth + 1);
  }
  write(output, ">");
}

function writeGeneric(output: Output, name: string, parts: readonly WitType[], depth: number): void {
  write(output, `${name}<`);
  writeEach(output, parts, (part) => writeType(output, part, depth + 1));
  write(output, ">");
}

function writeFields(output: Output, fields: readonly WitField[], depth: number): void {
  writeEach(output, fields, (field) => {
    writeName(output, field.name);
    write(output, ": ");
    writeType(output, field.type, depth);
  });
}

function writeEach<T>(output: Output, items: readonly T[], one: (item: T) => void): void {
  for (const [index, item] of items.entries()) {
    if (output.full) return;
    if (index > 0) write(output, ", ");
    one(item);
  }
}
