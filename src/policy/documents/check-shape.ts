import * as z from "zod/mini";
import { nearest } from "../../shared/text/suggest.ts";
import { type Fault, MAX_FAULTS, ordered, shown } from "./fault.ts";
import type { Path, ReadDocument } from "./read-yaml.ts";

/** What a document is to be. */
export interface DocumentKind<T> {
  readonly schema: z.ZodMiniType<T>;
  /** Keys of other systems' documents, and why they are no keys here. */
  readonly refusedKeys?: ReadonlyMap<string, string>;
}

/**
 * Holds a document that was read against a schema. Each fault stands where it is: at the key that is not known, with the nearest one that
 * is, or at the value.
 *
 * @returns All of its faults, or the value.
 */
export function checkShape<T>(
  read: ReadDocument,
  file: string,
  { schema, refusedKeys = new Map() }: DocumentKind<T>,
): { readonly shape: T } | { readonly faults: readonly Fault[] } {
  const parsed = z.safeParse(schema, read.value);
  if (parsed.success) return { shape: parsed.data };
  const found: Fault[] = [];
  const report: Report = (path, message, key) => {
    const position = key === undefined ? read.positionOf(path) : read.positionOfKey(path, key);
    found.push({ file, ...position, message });
  };
  const teller: Teller = { schema, refusedKeys, root: read.value, report };
  // To find a place and a key that was meant takes time, and nobody reads more.
  for (const issue of parsed.error.issues.slice(0, 2 * MAX_FAULTS)) tell(issue, [], teller);
  return { faults: ordered(found) };
}

type Report = (path: Path, message: string, key?: string) => void;

/** What is needed to tell of a fault. */
interface Teller {
  readonly schema: Schema;
  readonly refusedKeys: ReadonlyMap<string, string>;
  readonly root: unknown;
  readonly report: Report;
}

type Issue = z.core.$ZodIssue;

function tell(issue: Issue, base: Path, teller: Teller): void {
  const { root, report } = teller;
  const path: Path = [...base, ...issue.path.map((step) => (typeof step === "symbol" ? String(step) : step))];
  const value = valueAt(root, path);
  switch (issue.code) {
    case "unrecognized_keys": {
      const known = keysOf(schemaAt(path, teller));
      for (const key of issue.keys.slice(0, MAX_FAULTS)) report(path, unknownKey(key, known, teller.refusedKeys), key);
      return;
    }
    case "invalid_union": {
      const options = unionAt(path, teller);
      const index = chosen(options, value);
      const branch: readonly Issue[] = issue.errors[index] ?? [];
      if (branch.length === 0) report(path, `${described(value)} is not what belongs here`);
      for (const one of branch) tell(one, path, teller);
      return;
    }
    case "invalid_type":
      report(path, wrongType(issue.expected, value, path));
      return;
    case "invalid_value":
      report(path, `expected ${issue.values.map((one) => shown(String(one))).join(" or ")}, found ${described(value)}`);
      return;
    case "too_small":
    case "too_big":
      report(path, outOfRange(issue, value));
      return;
    default:
      report(path, issue.message);
  }
}

function unknownKey(key: string, known: readonly string[], refused: ReadonlyMap<string, string>): string {
  const why = refused.get(key);
  if (why !== undefined) return `the key ${shown(key)} is refused: ${why}`;
  const near = nearest(key, known);
  const hint = near === undefined ? `the keys are ${known.join(", ")}` : `did you mean ${near}?`;
  return `the key ${shown(key)} is not known; ${hint}`;
}

function wrongType(expected: string, value: unknown, path: Path): string {
  const key = path.at(-1);
  if (value === undefined) return `the key ${shown(String(key))} is missing`;
  if (key === "version" && path.length === 1) return `the version is ${described(value)}, not a text; write "1.0"`;
  const words: Readonly<Record<string, string>> = {
    string: "a text",
    array: "a list",
    object: "a map of keys",
    record: "a map of keys",
    int: "a whole number",
    number: "a number",
    boolean: "true or false",
  };
  return `expected ${words[expected] ?? expected}, found ${described(value)}`;
}

function outOfRange(issue: Issue, value: unknown): string {
  const bound =
    issue.code === "too_small"
      ? `at least ${issue.minimum}`
      : issue.code === "too_big"
        ? `at most ${issue.maximum}`
        : "";
  return `expected ${bound}, found ${described(value)}`;
}

function described(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (typeof value === "string") return shown(value);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return Array.isArray(value) ? "a list" : "a map";
}

/** Own properties alone: keys are a stranger's text. */
function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Readonly<Record<string | number, unknown>>)[step];
  }
  return value;
}

type Schema = z.core.$ZodType;

/** What the schema has at a place of the document. */
function schemaAt(path: Path, { schema: whole, root }: Teller): Schema | undefined {
  let schema: Schema | undefined = whole;
  for (const [index, step] of path.entries()) {
    schema = schemaWithin(unwrapped(schema, valueAt(root, path.slice(0, index))), step);
    if (schema === undefined) return undefined;
  }
  return unwrapped(schema, valueAt(root, path));
}

function unionAt(path: Path, { schema: whole, root }: Teller): readonly Schema[] {
  let schema: Schema | undefined = whole;
  for (const [index, step] of path.entries()) {
    if (schema === undefined) return [];
    schema = schemaWithin(unwrapped(schema, valueAt(root, path.slice(0, index))), step);
  }
  const { def } = (schema === undefined ? undefined : plainSchema(schema)?._zod) ?? {};
  return def !== undefined && "options" in def ? (def.options as readonly Schema[]) : [];
}

function schemaWithin(schema: Schema | undefined, step: string | number): Schema | undefined {
  const def: object | undefined = schema?._zod.def;
  if (def === undefined) return undefined;
  if ("element" in def) return def.element as Schema;
  if (!("shape" in def)) return undefined;
  const shape = def.shape as Readonly<Record<string, Schema>>;
  return Object.hasOwn(shape, step) ? shape[step] : undefined;
}

/** Without what says that it may be left out or null. */
function plainSchema(schema: Schema): Schema | undefined {
  let inner: Schema | undefined = schema;
  while (inner !== undefined && "innerType" in inner._zod.def) inner = inner._zod.def.innerType as Schema;
  return inner;
}

function unwrapped(schema: Schema, value: unknown): Schema | undefined {
  const plain = plainSchema(schema);
  const def: object | undefined = plain?._zod.def;
  if (def === undefined || !("options" in def)) return plain;
  const options = def.options as readonly Schema[];
  return options[chosen(options, value)];
}

/** Which of several schemas a value is meant for, by its kind and its keys, so that a fault points at what is wrong in it. */
function chosen(options: readonly Schema[], value: unknown): number {
  const keys = typeof value === "object" && value !== null ? Object.keys(value) : [];
  const fits = options.map((option) => {
    const def: { readonly type: string } = option._zod.def;
    if (def.type === "array") return Array.isArray(value) ? 1 : 0;
    if (def.type === "object") return keysOf(option).filter((key) => keys.includes(key)).length;
    return def.type === typeof value || (def.type === "enum" && typeof value === "string") ? 1 : 0;
  });
  return fits.indexOf(Math.max(...fits));
}

function keysOf(schema: Schema | undefined): readonly string[] {
  const def: object | undefined = schema?._zod.def;
  return def !== undefined && "shape" in def ? Object.keys(def.shape as object) : [];
}
