import { CordonError, messageOf } from "../../shared/errors.ts";
import { printType } from "../../shared/wit/print-wit.ts";
import { escapeInvisible, quoteText } from "../../shared/text/quote-text.ts";
import type { WitType } from "../../shared/wit/wit.ts";
import { describeValue } from "./describe-value.ts";
import { didYouMean } from "./nearest-name.ts";
import { floatFromNumber, integerFromDigits, isOneScalarValue, isWide } from "./scalars.ts";
import type { IntegerKind } from "./scalars.ts";
import { acceptsUndefined, isTaggedOption, MAX_VALUE_DEPTH, memberKeys } from "./shapes.ts";

const SHOWN_TYPE = 200;

const FLOAT_WORDS: ReadonlyMap<unknown, number> = new Map([
  ["nan", Number.NaN],
  ["inf", Number.POSITIVE_INFINITY],
  ["-inf", Number.NEGATIVE_INFINITY],
]);

/**
 * Reads JSON text as a value of a WIT type, in the shape that the engine takes (see `shapes.ts`).
 *
 * | WIT | JSON |
 * | --- | --- |
 * | `bool`, `string`, `char`, `enum` | as such |
 * | integers | a number, exact whatever its size; for `s64` and `u64` also a string of decimal digits |
 * | `f32`, `f64` | a number, or `"nan"`, `"inf"`, `"-inf"`; a number too large for the type is refused |
 * | `list`, `tuple` | an array |
 * | `map<K, V>` | an array of `[key, value]` pairs; for `map<string, V>` also an object |
 * | `record` | an object, keys as in WIT or in camelCase; absent options may be left out |
 * | `flags` | an array of names, or an object of booleans |
 * | `option<T>` | null or T |
 * | `option<option<T>>` | `{"some": x}` with an `option<T>` inside, or `{"none": null}`; null is `{"none": null}` too |
 * | `result<T, E>` | `{"ok": x}` or `{"err": x}`; without a payload `{"ok": null}` or `"ok"` |
 * | `variant` | `{"case": payload}`, or `"case"` (or `{"case": null}`) without a payload or with none as an option |
 *
 * Results, variants and nested options may also be `{"tag": "case", "val": payload}`. Where an object with one key `tag`
 * could mean both, it means the case of that name. Of a key that occurs twice, the last occurrence counts, as in all of JSON.
 *
 * @throws CordonError `usage` when the text is no JSON, or no value of the type: where, the WIT type expected, and what
 *   was found.
 */
export function parseJsonArgument(text: string, type: WitType): unknown {
  return readJson(parseExact(text), type, ["value"], 0);
}

/** JSON as JavaScript data, where integers that a number cannot hold exactly are bigints. */
function parseExact(text: string): unknown {
  try {
    return JSON.parse(text, (_key: string, value: unknown, context?: { readonly source?: string }): unknown => {
      if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
      const source = context?.source ?? "";
      return source.length <= 400 && /^-?[0-9]+$/.test(source) ? BigInt(source) : value;
    });
  } catch (error) {
    // Besides a SyntaxError, a RangeError when the text is nested deeper than the stack allows.
    throw new CordonError("usage", `Cannot read the value as JSON: ${escapeInvisible(messageOf(error))}`, {
      cause: error,
    });
  }
}

type Path = string[];

function fail(path: Path, type: WitType, found: string): never {
  throw new CordonError(
    "usage",
    `Cannot read the value as JSON: ${escapeInvisible(path.join(""))}: ` +
      `expected ${printType(type, { maxLength: SHOWN_TYPE })}, found ${found}`,
  );
}

function readAt(value: unknown, type: WitType, path: Path, step: string, depth: number): unknown {
  path.push(step);
  const result = readJson(value, type, path, depth + 1);
  path.pop();
  return result;
}

function readJson(value: unknown, type: WitType, path: Path, depth: number): unknown {
  if (depth >= MAX_VALUE_DEPTH) fail(path, type, "a type that is nested too deeply");
  switch (type.kind) {
    case "s8":
    case "u8":
    case "s16":
    case "u16":
    case "s32":
    case "u32":
    case "s64":
    case "u64":
      return readInteger(value, type.kind, type, path);
    case "bool":
      return typeof value === "boolean" ? value : fail(path, type, describeJson(value));
    case "f32":
    case "f64": {
      const word = FLOAT_WORDS.get(value);
      if (word !== undefined) return word;
      if (typeof value !== "number" && typeof value !== "bigint") return fail(path, type, describeJson(value));
      return floatFromNumber(type.kind, Number(value)) ?? fail(path, type, "a number out of range");
    }
    case "char":
      if (typeof value === "string" && isOneScalarValue(value)) return value;
      return fail(path, type, `${describeJson(value)}, which is not one Unicode scalar value`);
    case "string":
      if (typeof value !== "string") return fail(path, type, describeJson(value));
      return value.isWellFormed() ? value : fail(path, type, `${describeJson(value)}, which has a lone surrogate`);
    case "enum":
      if (typeof value === "string" && type.names.includes(value)) return value;
      return fail(path, type, `${describeJson(value)}${suggestion(value, type.names)}`);
    case "list": {
      const elements = readArray(value, type, type.length, path);
      const read = elements.map((element, index) => readAt(element, type.element, path, `[${index}]`, depth));
      return type.element.kind === "u8" && type.length === undefined ? Uint8Array.from(read as number[]) : read;
    }
    case "tuple": {
      const elements = readArray(value, type, type.elements.length, path);
      return type.elements.map((element, index) => readAt(elements[index], element, path, `[${index}]`, depth));
    }
    case "record":
      return readRecord(value, type, path, depth);
    case "flags":
      return readFlags(value, type, path);
    case "option":
      return readOption(value, type, path, depth);
    case "result": {
      const payloads = { ok: type.ok, err: type.err };
      return readTagged(value, type, Object.entries(payloads), path, depth);
    }
    case "variant":
      return readTagged(
        value,
        type,
        type.cases.map((item) => [item.name, item.type]),
        path,
        depth,
      );
    case "map":
      return readMap(value, type, path, depth);
    case "own":
    case "borrow":
    case "stream":
    case "future":
    case "error-context":
      break;
  }
  return fail(path, type, `${describeJson(value)}; such a value cannot be passed`);
}

function readInteger(value: unknown, kind: IntegerKind, type: WitType, path: Path): number | bigint {
  const digits =
    Number.isSafeInteger(value) || typeof value === "bigint" || (typeof value === "string" && isWide(kind));
  const integer = digits ? integerFromDigits(kind, String(value)) : undefined;
  return integer ?? fail(path, type, describeJson(value));
}

function readArray(value: unknown, type: WitType, length: number | undefined, path: Path): readonly unknown[] {
  if (!Array.isArray(value) || (length !== undefined && value.length !== length)) {
    return fail(path, type, describeJson(value));
  }
  return value;
}

function readRecord(value: unknown, type: WitType & { readonly kind: "record" }, path: Path, depth: number): unknown {
  const members = readMembers(value, type, path);
  return Object.fromEntries(
    type.fields.map((field, index) => {
      const key = memberKeys(type).keys[index] ?? "";
      const member = members[index];
      if (member !== undefined) return [key, readAt(member.value, field.type, path, `.${field.name}`, depth)];
      if (field.type.kind !== "option") return fail([...path, `.${field.name}`], field.type, "no such key");
      return [key, acceptsUndefined(field.type) ? undefined : { tag: "none" }];
    }),
  );
}

function readFlags(value: unknown, type: WitType & { readonly kind: "flags" }, path: Path): unknown {
  const { keys } = memberKeys(type);
  if (Array.isArray(value)) {
    const raised = new Set<unknown>(value);
    for (const name of raised) {
      if (typeof name !== "string" || !type.names.includes(name)) {
        fail(path, type, `the flag ${describeJson(name)}${suggestion(name, type.names)}`);
      }
    }
    refuseCollision(type, path);
    return Object.fromEntries(keys.map((key, index) => [key, raised.has(type.names[index])]));
  }
  const members = readMembers(value, type, path);
  return Object.fromEntries(
    keys.map((key, index) => {
      const member = members[index];
      const raised = member === undefined ? false : member.value;
      return [key, typeof raised === "boolean" ? raised : fail(path, type, `${describeJson(raised)} for a flag`)];
    }),
  );
}

function refuseCollision(type: WitType & { readonly kind: "record" | "flags" }, path: Path): void {
  const { collision } = memberKeys(type);
  if (collision === undefined) return;
  const [first, second] = collision;
  fail(path, type, `names that JavaScript cannot tell apart: ${quoteText(first)} and ${quoteText(second)}`);
}

function readMembers(
  value: unknown,
  type: WitType & { readonly kind: "record" | "flags" },
  path: Path,
): readonly ({ readonly value: unknown } | undefined)[] {
  if (!isObject(value)) return fail(path, type, describeJson(value));
  refuseCollision(type, path);
  const { keys, positions } = memberKeys(type);
  const members: ({ readonly value: unknown } | undefined)[] = keys.map(() => undefined);
  for (const [key, member] of Object.entries(value)) {
    const position = positions.get(key);
    if (position === undefined) fail(path, type, `the unknown key ${quoteText(key, 40)}${suggestion(key, keys)}`);
    else if (members[position] === undefined) members[position] = { value: member };
    else fail(path, type, `the key ${quoteText(key, 40)} twice, in two spellings`);
  }
  return members;
}

function readOption(value: unknown, type: WitType & { readonly kind: "option" }, path: Path, depth: number): unknown {
  const tagged = isTaggedOption(type);
  if (value === null) return tagged ? { tag: "none" } : undefined;
  if (type.element.kind !== "option") return readJson(value, type.element, path, depth + 1);
  const cases: readonly (readonly [string, WitType | undefined])[] = [
    ["some", type.element],
    ["none", undefined],
  ];
  const read = readTagged(value, type, cases, path, depth);
  if (tagged) return read;
  return read.tag === "none" ? undefined : read.val;
}

function readTagged(
  value: unknown,
  type: WitType,
  cases: readonly (readonly [name: string, payload: WitType | undefined])[],
  path: Path,
  depth: number,
): { readonly tag: string; readonly val?: unknown } {
  const { name, payload, given } = readCase(value, type, cases, path);
  const chosen = cases.find(([candidate]) => candidate === name);
  if (chosen === undefined) {
    const names = cases.map(([candidate]) => candidate);
    return fail(path, type, `the unknown case ${quoteText(name, 40)}${suggestion(name, names)}`);
  }
  const payloadType = chosen[1];
  if (payloadType === undefined) {
    if (payload !== null)
      fail(path, type, `${describeJson(payload)} for the case ${quoteText(name)} without a payload`);
    return { tag: name };
  }
  if (!given && payloadType.kind !== "option") fail(path, type, `the case ${quoteText(name)} without its payload`);
  return { tag: name, val: readAt(payload, payloadType, path, `.${name}`, depth) };
}

function readCase(
  value: unknown,
  type: WitType,
  cases: readonly (readonly [name: string, payload: WitType | undefined])[],
  path: Path,
): { readonly name: string; readonly payload: unknown; readonly given: boolean } {
  if (typeof value === "string") return { name: value, payload: null, given: false };
  const entries = isObject(value) ? Object.entries(value) : [];
  const [only] = entries;
  if (only !== undefined && entries.length === 1) {
    const [name, payload] = only;
    const isCase = name !== "tag" || typeof payload !== "string" || cases.some(([candidate]) => candidate === "tag");
    return isCase ? { name, payload, given: true } : { name: payload, payload: null, given: false };
  }
  const members = new Map(entries);
  const tag = members.get("tag");
  if (entries.length === 2 && typeof tag === "string" && members.has("val")) {
    return { name: tag, payload: members.get("val"), given: true };
  }
  return fail(path, type, `${describeJson(value)} instead of {"case": payload}`);
}

function readMap(value: unknown, type: WitType & { readonly kind: "map" }, path: Path, depth: number): unknown {
  const pairs =
    isObject(value) && type.key.kind === "string" ? Object.entries(value) : readArray(value, type, undefined, path);
  return new Map(
    pairs.map((pair, index): [unknown, unknown] => {
      const [key, item] = readArray(pair, { kind: "tuple", elements: [type.key, type.value] }, 2, path);
      return [
        readAt(key, type.key, path, `[${index}].key`, depth),
        readAt(item, type.value, path, `[${index}].value`, depth),
      ];
    }),
  );
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function suggestion(value: unknown, names: readonly string[]): string {
  return typeof value === "string" ? didYouMean(value, names) : "";
}

function describeJson(value: unknown): string {
  return typeof value === "bigint"
    ? `number ${quoteText(String(value), 40).replaceAll('"', "")}`
    : describeValue(value);
}
