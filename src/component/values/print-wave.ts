import { CordonError } from "../../shared/errors.ts";
import { escapeInvisible, quoteText } from "../../shared/text/quote-text.ts";
import type { WitType } from "../../shared/wit/wit.ts";
import { normalizeValue } from "./check-value.ts";
import { printFloat } from "./scalars.ts";
import { isTaggedOption, memberKeys } from "./shapes.ts";
import type { TaggedValue } from "./shapes.ts";
import { isWaveLabel, WAVE_KEYWORDS } from "./wave-tokens.ts";

/** How a value is laid out. */
export interface PrintWaveOptions {
  /** Break what is longer than a line of 100 characters, indented by two spaces; default false, all on one line. */
  readonly indent?: boolean;
}

const LINE = 100;

interface Layout {
  readonly indent: boolean;
  readonly level: number;
}

/**
 * A value in the shape of the engine (see `shapes.ts`) as WAVE text, which `parseWave` reads back to the same value. As the
 * reference writer does, it leaves absent options out of records and writes `some` and `ok` in full. Characters without a
 * glyph of their own (controls, bidirectional overrides and other format characters, unassigned ones) are written as
 * escapes, so that what a guest returned cannot drive a terminal.
 *
 * @throws CordonError `unsupported` when the value holds a resource, stream, future or error context, is not of the type,
 *   or has a name that WAVE cannot write, which no valid component has.
 */
export function printWave(value: unknown, type: WitType, options: PrintWaveOptions = {}): string {
  return print(normalizeValue(value, type, "write the value as WAVE"), type, {
    indent: options.indent ?? false,
    level: 0,
  });
}

/** The value is a copy of the right shape, so cases are only distinguished, not checked. */
function print(value: unknown, type: WitType, layout: Layout): string {
  const inner = { ...layout, level: layout.level + 1 };
  switch (type.kind) {
    case "f32":
    case "f64":
      return printFloat(type.kind, value as number);
    case "char":
      return printChar(value as string);
    case "string":
      return quoteText(value as string);
    case "enum":
      return caseLabel(value as string);
    case "list": {
      const elements = Array.from(value as Iterable<unknown>, (element) => print(element, type.element, inner));
      return bracketed("[", elements, "]", layout);
    }
    case "tuple": {
      const elements = value as readonly unknown[];
      const printed = type.elements.map((element, index) => print(elements[index], element, inner));
      return bracketed("(", printed, ")", layout);
    }
    case "record":
      return printRecord(value as Readonly<Record<string, unknown>>, type, layout, inner);
    case "flags": {
      const { keys } = memberKeys(type);
      const flags = value as Readonly<Record<string, unknown>>;
      const raised = type.names.filter((_name, index) => flags[keys[index] ?? ""] === true);
      return bracketed("{", raised.map(label), "}", layout);
    }
    case "option": {
      if (isNone(value, type)) return "none";
      return `some(${print(isTaggedOption(type) ? (value as TaggedValue).val : value, type.element, layout)})`;
    }
    case "result": {
      const { tag, val } = value as TaggedValue;
      return withPayload(tag, val, tag === "ok" ? type.ok : type.err, layout);
    }
    case "variant": {
      const { tag, val } = value as TaggedValue;
      return withPayload(caseLabel(tag), val, type.cases.find((item) => item.name === tag)?.type, layout);
    }
    case "map": {
      const pairs = Array.from(value as ReadonlyMap<unknown, unknown>, ([key, item]) =>
        bracketed("(", [print(key, type.key, inner), print(item, type.value, inner)], ")", inner),
      );
      return bracketed("[", pairs, "]", layout);
    }
    case "bool":
    case "s8":
    case "u8":
    case "s16":
    case "u16":
    case "s32":
    case "u32":
    case "s64":
    case "u64":
    case "own":
    case "borrow":
    case "stream":
    case "future":
    case "error-context":
      break;
  }
  // Of the last five kinds no value passes the check, so this is a boolean or an integer.
  return String(value);
}

function printRecord(
  value: Readonly<Record<string, unknown>>,
  type: WitType & { readonly kind: "record" },
  layout: Layout,
  inner: Layout,
): string {
  const { keys } = memberKeys(type);
  const printed: string[] = [];
  for (const [index, field] of type.fields.entries()) {
    const member = value[keys[index] ?? ""];
    if (field.type.kind === "option" && isNone(member, field.type)) continue;
    printed.push(`${label(field.name)}: ${print(member, field.type, inner)}`);
  }
  return printed.length === 0 ? "{:}" : bracketed("{", printed, "}", layout);
}

function isNone(value: unknown, type: WitType & { readonly kind: "option" }): boolean {
  return isTaggedOption(type) ? (value as TaggedValue).tag === "none" : value === undefined;
}

function withPayload(name: string, val: unknown, payload: WitType | undefined, layout: Layout): string {
  return payload === undefined ? name : `${name}(${print(val, payload, layout)})`;
}

function printChar(character: string): string {
  return `'${escapeInvisible(character.replaceAll(/[\\']/g, String.raw`\$&`))}'`;
}

function label(name: string): string {
  if (isWaveLabel(name)) return name;
  throw new CordonError("unsupported", `Cannot write the value as WAVE: ${quoteText(name, 80)} is no WIT name`);
}

function caseLabel(name: string): string {
  return WAVE_KEYWORDS.has(name) ? `%${name}` : label(name);
}

/** Items on one line where they fit; otherwise on lines of their own, with short ones sharing a line. */
function bracketed(open: string, items: readonly string[], close: string, layout: Layout): string {
  const line = `${open}${items.join(", ")}${close}`;
  const margin = "  ".repeat(layout.level);
  if (!layout.indent || (line.length + margin.length <= LINE && !line.includes("\n"))) return line;
  const short = open === "[" && items.every((item) => item.length <= LINE / 10);
  const lines = short ? filled(items, LINE - margin.length - 3) : items;
  return `${open}\n${lines.map((item) => `${margin}  ${item}`).join(",\n")}\n${margin}${close}`;
}

/** Joins items into lines of at most a width. */
function filled(items: readonly string[], width: number): readonly string[] {
  const lines: string[] = [];
  let current = "";
  for (const item of items) {
    if (current !== "" && current.length + item.length + 2 > width) {
      lines.push(current);
      current = "";
    }
    current += current === "" ? item : `, ${item}`;
  }
  return current === "" ? lines : [...lines, current];
}
