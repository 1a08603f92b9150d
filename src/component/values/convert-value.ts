import { types } from "node:util";
import { printType } from "../../shared/wit/print-wit.ts";
import { quoteText } from "../../shared/text/quote-text.ts";
import type { WitType } from "../../shared/wit/wit.ts";
import { describeValue } from "./describe-value.ts";
import { didYouMean } from "./nearest-name.ts";
import { inRange, isOneScalarValue, isWide } from "./scalars.ts";
import type { IntegerKind } from "./scalars.ts";
import { acceptsUndefined, copyTypedArray, isTaggedOption, MAX_VALUE_DEPTH, memberKeys } from "./shapes.ts";
import type { TaggedValue } from "./shapes.ts";

/** One reason why a value is not of its type. */
export interface ValueProblem {
  /** Where: the parameter's name, then `.field`, `.case`, `.some`, `.ok`, `.err` in WIT's spelling, and `[index]`. */
  readonly path: string;
  /** The WIT type that was expected there, cut at 200 characters. */
  readonly expected: string;
  /** What was there, in words, on one line. */
  readonly found: string;
}

/** How many problems are collected before the walk stops. */
const MAX_PROBLEMS = 20;

/**
 * How many values one walk visits, elements of typed arrays aside. The same array may stand in a value many times over,
 * so its size says little about the work.
 */
const MAX_VALUES = 50_000_000;

const SHOWN_TYPE = 200;

/** A value in place of another, or what was found, in words, where there is none. */
export type Replacement = { readonly value: unknown } | { readonly found: string };

/** What stands for handles, streams and futures. Without one, no type with them has a value that can be passed. */
export interface HandleValues {
  /** What a handle is passed on as; must not throw, nor run code of the value. */
  readonly replace: (value: unknown, type: HandleType) => Replacement;
}

/** A type whose values are handles of something that stays where it is. */
export type HandleType =
  | Extract<WitType, { readonly kind: "own" | "borrow" }>
  | Extract<WitType, { readonly kind: "stream" | "future" }>;

/** One walk over a value. The path is where it stands; it grows and shrinks as the walk goes. */
export interface ValueWalk {
  /** Accept numbers for 64-bit integers, and names as in WIT for the keys of records and flags. */
  readonly lenient: boolean;
  readonly path: string[];
  readonly problems: ValueProblem[];
  readonly handles: HandleValues | undefined;
  /** How many more values may be visited. */
  left: number;
}

/** Starts a walk at a place that has a name. */
export function startWalk(root: string, lenient: boolean, handles?: HandleValues): ValueWalk {
  return { lenient, path: [root], problems: [], handles, left: MAX_VALUES };
}

/**
 * Copies a value into plain data of the shape that the engine takes (see `shapes.ts`), and collects what is wrong with it.
 * Only own data properties are read: no getter, proxy trap, iterator or prototype of the value is ever run or followed,
 * so it cannot throw. The copy is of use only when no problem was found.
 */
export function convertValue(walk: ValueWalk, value: unknown, type: WitType, depth: number = 0): unknown {
  if (depth >= MAX_VALUE_DEPTH) return wrong(walk, type, "a type that is nested too deeply");
  walk.left -= 1;
  if (walk.left < 0) return wrong(walk, type, `more than ${MAX_VALUES} values in all`);
  switch (type.kind) {
    case "s8":
    case "u8":
    case "s16":
    case "u16":
    case "s32":
    case "u32":
    case "s64":
    case "u64":
      return convertInteger(walk, value, type.kind, type);
    case "bool":
      return typeof value === "boolean" ? value : wrong(walk, type, describeValue(value));
    case "f32":
    case "f64":
      return typeof value === "number" ? value : wrong(walk, type, describeValue(value));
    case "char":
      if (typeof value !== "string") return wrong(walk, type, describeValue(value));
      if (isOneScalarValue(value)) return value;
      return wrong(walk, type, `${describeValue(value)}, which is not one Unicode scalar value`);
    case "string":
      if (typeof value !== "string") return wrong(walk, type, describeValue(value));
      return value.isWellFormed() ? value : wrong(walk, type, `${describeValue(value)}, which has a lone surrogate`);
    case "enum":
      if (typeof value !== "string") return wrong(walk, type, describeValue(value));
      return type.names.includes(value)
        ? value
        : wrong(walk, type, `${describeValue(value)}${didYouMean(value, type.names)}`);
    case "list":
      return convertList(walk, value, type, depth);
    case "tuple":
      return convertElements(walk, value, type, (index) => type.elements[index], type.elements.length, depth);
    case "record":
      return convertMembers(walk, value, type, (key, index) => {
        const field = type.fields[index];
        return field === undefined ? undefined : convertField(walk, key, field.name, field.type, depth);
      });
    case "flags":
      return convertMembers(walk, value, type, (flag, index) => {
        if (flag === undefined) return false;
        if (typeof flag.value === "boolean") return flag.value;
        return inside(walk, `.${type.names[index] ?? ""}`, () =>
          wrong(walk, { kind: "bool" }, describeValue(flag.value)),
        );
      });
    case "option":
      return convertOption(walk, value, type, depth);
    case "result":
      return convertTagged(walk, value, type, depth, (tag) =>
        tag === "ok" || tag === "err" ? { payload: tag === "ok" ? type.ok : type.err } : undefined,
      );
    case "variant":
      return convertTagged(walk, value, type, depth, (tag) => {
        const found = type.cases.find((item) => item.name === tag);
        return found === undefined ? undefined : { payload: found.type };
      });
    case "map":
      return convertMap(walk, value, type, depth);
    case "own":
    case "borrow":
    case "stream":
    case "future":
      return convertHandle(walk, value, type);
    case "error-context":
      break;
  }
  return wrong(walk, type, `${describeValue(value)}; such a value cannot be passed`);
}

function convertHandle(walk: ValueWalk, value: unknown, type: HandleType): unknown {
  const { handles } = walk;
  if (handles === undefined) {
    const isStream = type.kind === "stream" || type.kind === "future";
    const why = isStream
      ? "such a value cannot be passed"
      : "a handle cannot be passed but to the instance that gave it";
    return wrong(walk, type, `${describeValue(value)}; ${why}`);
  }
  const replaced = handles.replace(value, type);
  return "found" in replaced ? wrong(walk, type, replaced.found) : replaced.value;
}

/** Whether the walk has found as many problems as it collects. */
function isFull(walk: ValueWalk): boolean {
  return walk.problems.length >= MAX_PROBLEMS;
}

/** Records that a value is not of its type, at the place where the walk stands. */
export function wrong(walk: ValueWalk, type: WitType, found: string): undefined {
  if (isFull(walk)) return;
  walk.problems.push({ path: walk.path.join(""), expected: printType(type, { maxLength: SHOWN_TYPE }), found });
}

function inside<T>(walk: ValueWalk, step: string, visit: () => T): T {
  walk.path.push(step);
  const result = visit();
  walk.path.pop();
  return result;
}

function convertInteger(walk: ValueWalk, value: unknown, kind: IntegerKind, type: WitType): unknown {
  if (isWide(kind)) {
    if (typeof value === "bigint" && inRange(kind, value)) return value;
    if (walk.lenient && Number.isSafeInteger(value) && inRange(kind, value as number)) return BigInt(value as number);
    return wrong(walk, type, describeValue(value));
  }
  return Number.isInteger(value) && inRange(kind, value as number) ? value : wrong(walk, type, describeValue(value));
}

function convertList(
  walk: ValueWalk,
  value: unknown,
  type: WitType & { readonly kind: "list" },
  depth: number,
): unknown {
  const { element, length } = type;
  const copy = copyTypedArray(value, element.kind);
  if (copy !== undefined) {
    if (length === undefined) return copy;
    return copy.length === length
      ? Array.from<unknown>(copy)
      : wrong(walk, type, `${describeValue(value)} of ${copy.length}`);
  }
  const elements = convertElements(walk, value, type, () => element, length, depth);
  const bytes = elements !== undefined && length === undefined && element.kind === "u8" && walk.problems.length === 0;
  return bytes ? Uint8Array.from(elements as number[]) : elements;
}

function convertElements(
  walk: ValueWalk,
  value: unknown,
  type: WitType,
  elementType: (index: number) => WitType | undefined,
  length: number | undefined,
  depth: number,
): unknown[] | undefined {
  if (types.isProxy(value) || !Array.isArray(value)) return wrong(walk, type, describeValue(value));
  const count = value.length;
  if (length !== undefined && count !== length) return wrong(walk, type, describeValue(value));
  const elements: unknown[] = [];
  for (let index = 0; index < count && !isFull(walk); index += 1) {
    const expected = elementType(index);
    if (expected === undefined) return undefined;
    walk.path.push(`[${index}]`);
    const element = ownData(value, String(index));
    if (element === undefined || element === "accessor") wrong(walk, expected, foundInstead(element));
    else elements.push(convertValue(walk, element.value, expected, depth + 1));
    walk.path.pop();
  }
  return elements;
}

function convertField(walk: ValueWalk, own: OwnValue | undefined, name: string, type: WitType, depth: number): unknown {
  return inside(walk, `.${name}`, () => {
    if (own !== undefined) return convertValue(walk, own.value, type, depth + 1);
    // The copy has every field as its own property, so that the engine never finds one on a prototype.
    return acceptsUndefined(type) ? undefined : wrong(walk, type, "no such key");
  });
}

/** Records and flags: objects whose keys are all known. */
function convertMembers(
  walk: ValueWalk,
  value: unknown,
  type: WitType & { readonly kind: "record" | "flags" },
  convertMember: (own: OwnValue | undefined, index: number) => unknown,
): unknown {
  const found = plainObject(value);
  if (found === undefined) return wrong(walk, type, describeValue(value));
  const { keys, positions, collision } = memberKeys(type);
  if (collision !== undefined) {
    const [first, second] = collision;
    return wrong(walk, type, `names that JavaScript cannot tell apart: ${quoteText(first)} and ${quoteText(second)}`);
  }
  const own: (OwnValue | undefined)[] = [];
  for (const key of Object.getOwnPropertyNames(found)) {
    if (isFull(walk)) return undefined;
    const position = positions.get(key);
    if (position === undefined || !(walk.lenient || keys[position] === key)) {
      wrong(walk, type, `the unknown key ${quoteText(key, 40)}${didYouMean(key, keys)}`);
      continue;
    }
    const data = ownData(found, key);
    if (data === undefined || data === "accessor") {
      wrong(walk, type, `the key ${quoteText(key, 40)} with ${foundInstead(data)}`);
    } else if (own[position] === undefined) {
      own[position] = data;
    } else {
      wrong(walk, type, `the key ${quoteText(key, 40)} twice, in two spellings`);
    }
  }
  if (isFull(walk)) return undefined;
  return Object.fromEntries(keys.map((key, index) => [key, convertMember(own[index], index)]));
}

function convertOption(
  walk: ValueWalk,
  value: unknown,
  type: WitType & { readonly kind: "option" },
  depth: number,
): unknown {
  if (isTaggedOption(type)) {
    return convertTagged(walk, value, type, depth, (tag) => {
      if (tag === "some") return { payload: type.element };
      return tag === "none" ? { payload: undefined } : undefined;
    });
  }
  return value === undefined || value === null ? undefined : convertValue(walk, value, type.element, depth + 1);
}

function convertTagged(
  walk: ValueWalk,
  value: unknown,
  type: WitType,
  depth: number,
  caseOf: (tag: string) => { readonly payload: WitType | undefined } | undefined,
): TaggedValue | undefined {
  const found = plainObject(value);
  if (found === undefined) return wrong(walk, type, `${describeValue(value)} instead of { tag, val }`);
  const stranger = Object.getOwnPropertyNames(found).find((key) => key !== "tag" && key !== "val");
  if (stranger !== undefined) {
    return wrong(walk, type, `the unknown key ${quoteText(stranger, 40)} instead of { tag, val }`);
  }
  const tag = ownData(found, "tag");
  if (tag === undefined || tag === "accessor" || typeof tag.value !== "string") {
    return wrong(walk, type, "an object whose tag is no string, instead of { tag, val }");
  }
  const chosen = caseOf(tag.value);
  if (chosen === undefined) {
    const names = type.kind === "variant" ? type.cases.map((item) => item.name) : [];
    return wrong(walk, type, `the unknown tag ${quoteText(tag.value, 40)}${didYouMean(tag.value, names)}`);
  }
  const name = tag.value;
  return inside(walk, `.${name}`, () => {
    const val = ownData(found, "val") ?? { value: undefined };
    if (val === "accessor") return wrong(walk, chosen.payload ?? type, `val with ${foundInstead(val)}`);
    if (chosen.payload !== undefined) {
      return { tag: name, val: convertValue(walk, val.value, chosen.payload, depth + 1) };
    }
    if (val.value === undefined || val.value === null) return { tag: name };
    return wrong(walk, type, `${describeValue(val.value)} for a case without a payload`);
  });
}

function convertMap(walk: ValueWalk, value: unknown, type: WitType & { readonly kind: "map" }, depth: number): unknown {
  // A proxy of a Map is no Map to this test, and the intrinsic method runs no code of the value.
  if (!types.isMap(value)) return wrong(walk, type, `${describeValue(value)} instead of a Map`);
  const copy = new Map<unknown, unknown>();
  let index = 0;
  Map.prototype.forEach.call(value, (item, key) => {
    if (isFull(walk)) return;
    const newKey = inside(walk, `[${index}].key`, () => convertValue(walk, key, type.key, depth + 1));
    copy.set(
      newKey,
      inside(walk, `[${index}].value`, () => convertValue(walk, item, type.value, depth + 1)),
    );
    index += 1;
  });
  return copy;
}

/** The value of an own data property. */
export interface OwnValue {
  readonly value: unknown;
}

/** An own data property of an object that is no proxy. */
export function ownData(object: object, key: string): OwnValue | "accessor" | undefined {
  const descriptor = Object.getOwnPropertyDescriptor(object, key);
  if (descriptor === undefined) return undefined;
  return "value" in descriptor ? { value: descriptor.value } : "accessor";
}

/** What {@link ownData} found in place of a value, in words. */
export function foundInstead(own: "accessor" | undefined): string {
  return own === undefined ? "a hole" : "a getter or setter instead of a value";
}

/** An object that is no array, no proxy and of no class: its prototype is null or the root prototype of some realm. */
function plainObject(value: unknown): object | undefined {
  if (typeof value !== "object" || value === null || types.isProxy(value) || Array.isArray(value)) return undefined;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null) return value;
  // A proxy's prototype cannot be asked without running its traps.
  if (types.isProxy(prototype)) return undefined;
  return Object.getPrototypeOf(prototype) === null ? value : undefined;
}
