import { shown } from "../../policy/documents/fault.ts";
import type { Path } from "../../policy/documents/read-yaml.ts";
import { nearest } from "../../shared/text/suggest.ts";
import { FORMATS, KEYWORDS, type KeywordKind, REFUSED_KEYWORDS, TYPES } from "./keywords.ts";

/** How deep schemas may lie in each other, and how many there may be in one. */
const [MAX_DEPTH, MAX_SCHEMAS] = [32, 5_000];

/** The longest pattern, in UTF-16 code units. */
const MAX_PATTERN = 1_024;

const DIALECT = /^https?:\/\/json-schema\.org\/draft\/2020-12\/schema#?$/u;

/** Notes a fault: at a value, or at a key of it. */
export type SchemaReport = (path: Path, message: string, key?: string) => void;

/** A schema by where it is. */
export interface FoundSchema {
  readonly path: Path;
  readonly schema: Readonly<Record<string, unknown>> | boolean;
}

/** The schemas in a schema, by what references call them. */
export type SchemaIndex = ReadonlyMap<string, FoundSchema>;

/**
 * Checks that a value is a JSON Schema of which every word is understood: what is not would be passed over when a value is checked.
 *
 * @param path Where it stands in its document.
 * @returns All schemas in it.
 */
export function checkSchema(value: unknown, path: Path, report: SchemaReport): SchemaIndex {
  const index = new Map<string, FoundSchema>();
  const references: { readonly path: Path; readonly to: string }[] = [];
  const visit = (schema: unknown, at: Path, pointer: string, depth: number): void => {
    if (typeof schema !== "boolean" && !isMap(schema)) return report(at, `expected a schema, found ${kindOf(schema)}`);
    if (depth > MAX_DEPTH) return report(at, `schemas lie in each other more than ${MAX_DEPTH} deep`);
    if (index.size > MAX_SCHEMAS) return;
    index.set(pointer, { path: at, schema });
    if (index.size > MAX_SCHEMAS) return report(at, `there are more than ${MAX_SCHEMAS} schemas in it`);
    if (typeof schema === "boolean") return;
    for (const [key, inner] of Object.entries(schema)) {
      const keyword = KEYWORDS.get(key);
      if (keyword === undefined) {
        report(at, unknownKeyword(key), key);
        continue;
      }
      const here = [...at, key];
      const below = `${pointer}/${escaped(key)}`;
      const wrong = problemOf(key, keyword, inner, depth);
      if (wrong !== undefined) report(here, wrong);
      else if (keyword === "schema") visit(inner, here, below, depth + 1);
      else if (keyword === "schemas") {
        for (const [position, one] of (inner as readonly unknown[]).entries()) {
          visit(one, [...here, position], `${below}/${position}`, depth + 1);
        }
      } else if (keyword === "named-schemas") {
        for (const [name, one] of Object.entries(inner as object)) {
          visit(one, [...here, name], `${below}/${escaped(name)}`, depth + 1);
        }
      } else if (keyword === "reference") references.push({ path: here, to: String(inner) });
      else if (key === "$anchor") {
        if (index.has(`#${String(inner)}`)) report(here, `the anchor ${shown(String(inner))} is there twice`);
        index.set(`#${String(inner)}`, { path: at, schema });
      }
    }
  };
  visit(value, path, "", 0);
  for (const { path: at, to } of references) {
    if (targetOf(to, index) !== undefined) continue;
    const why = to.startsWith("#") ? "there is no schema in that place" : "what is elsewhere is not fetched";
    report(at, `the reference ${shown(to)} leads nowhere: ${why}; write one such as #/$defs/NAME`);
  }
  return index;
}

/** The schema that a reference leads to; `undefined` for one that leads to none of this schema. */
export function targetOf(reference: string, index: SchemaIndex): FoundSchema | undefined {
  if (!reference.startsWith("#")) return undefined;
  try {
    const fragment = decodeURIComponent(reference.slice(1));
    return index.get(fragment.startsWith("/") || fragment === "" ? fragment : `#${fragment}`);
  } catch {
    return undefined;
  }
}

function problemOf(key: string, kind: KeywordKind, value: unknown, depth: number): string | undefined {
  const expected = (what: string): string => `expected ${what}, found ${kindOf(value)}`;
  const unsafe = kind === "value" || kind === "values" || kind === "number" ? unsafeNumber(value) : undefined;
  if (unsafe !== undefined) return unsafe;
  switch (kind) {
    case "schema":
      return key === "items" && Array.isArray(value) ? "items is one schema; write prefixItems for several" : undefined;
    case "schemas":
      return Array.isArray(value) && value.length > 0 ? undefined : expected("a list of schemas");
    case "named-schemas":
      return isMap(value) ? undefined : expected("a map of schemas");
    case "number":
      return typeof value === "number" ? undefined : expected("a number");
    case "positive":
      return typeof value === "number" && value > 0 ? unsafeNumber(value) : expected("a number above 0");
    case "count":
      return Number.isSafeInteger(value) && Number(value) >= 0
        ? undefined
        : expected("a whole number from 0 to 2^53 - 1");
    case "truth":
      return typeof value === "boolean" ? undefined : expected("true or false");
    case "value":
      return undefined;
    case "values":
      return Array.isArray(value) ? undefined : expected("a list");
    case "names":
      return isTexts(value) ? undefined : expected("a list of texts");
    case "named-names":
      return isMap(value) && Object.values(value).every(isTexts) ? undefined : expected("a map of lists of texts");
    case "types":
      return typesProblem(value);
    default:
      return typeof value === "string" ? textProblem(key, kind, value, depth) : expected("a text");
  }
}

function textProblem(key: string, kind: KeywordKind, text: string, depth: number): string | undefined {
  if (kind === "pattern" && text.length > MAX_PATTERN) return `a pattern has at most ${MAX_PATTERN} characters`;
  if (kind === "format" && !FORMATS.includes(text)) {
    return `the format ${shown(text)} is not checked here; there are ${FORMATS.join(", ")}`;
  }
  if (key === "$schema" && !DIALECT.test(text))
    return "write https://json-schema.org/draft/2020-12/schema, or leave it out";
  if (key === "$id" && depth > 0) return "a schema within another has no $id here; write $anchor";
  return key === "$anchor" && !/^[A-Za-z_][A-Za-z0-9._-]{0,127}$/u.test(text)
    ? `${shown(text)} is no anchor: it has letters, digits and any of . _ -`
    : undefined;
}

function typesProblem(value: unknown): string | undefined {
  const types: readonly unknown[] = Array.isArray(value) ? value : [value];
  const wrong = types.find((one) => typeof one !== "string" || !TYPES.includes(one));
  if (wrong === undefined && types.length > 0) return undefined;
  const near = typeof wrong === "string" ? nearest(wrong, TYPES) : undefined;
  const hint = near === undefined ? `there are ${TYPES.join(", ")}` : `did you mean ${near}?`;
  return `${typeof wrong === "string" ? shown(wrong) : kindOf(wrong)} is no type; ${hint}`;
}

function unknownKeyword(key: string): string {
  const why = REFUSED_KEYWORDS.get(key);
  if (why !== undefined) return `the keyword ${shown(key)} is refused: ${why}`;
  const near = nearest(key, [...KEYWORDS.keys()]);
  return `the keyword ${shown(key)} is not known, and nothing would be checked by it${near === undefined ? "" : `; did you mean ${near}?`}`;
}

/** Integers that a number of JavaScript does not hold exactly are taken for others. */
function unsafeNumber(value: unknown): string | undefined {
  const left: unknown[] = [value];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (typeof next === "number" && Number.isInteger(next) && !Number.isSafeInteger(next)) {
      return "an integer is beyond 2^53 - 1, where not each has a number of its own; write a text, or leave the bound out";
    }
    if (typeof next === "object" && next !== null) left.push(...Object.values(next).filter((one) => one !== undefined));
  }
  return undefined;
}

function escaped(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (typeof value === "string") return shown(value);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return Array.isArray(value) ? "a list" : "a map";
}
