import { partsOfType, type WitType } from "../../shared/wit/wit.ts";
import { camelCase } from "../../shared/wit/naming.ts";

/**
 * The JavaScript shapes of WIT values, as the engine takes and returns them. They are those of the JavaScript Component Tools (jco), so
 * that host functions written for them go on to work:
 *
 * | WIT | JavaScript |
 * | --- | --- |
 * | `bool` | boolean |
 * | `s8` to `u32` | number; one that is out of range is wrapped without a word, so it must be checked before |
 * | `s64`, `u64` | bigint |
 * | `f32`, `f64` | number |
 * | `char` | string; of a longer one the first code point is taken without a word |
 * | `string` | string; lone surrogates silently become U+FFFD |
 * | `list<T>` | Array; for numeric T also the typed array of T, whose bytes are copied whatever its class; numeric lists come back as typed arrays |
 * | `list<T, N>` | Array; missing elements silently become 0, so the length must be checked before |
 * | `map<K, V>` | Map |
 * | `record` | object with camelCase keys |
 * | `tuple` | Array |
 * | `variant` | `{ tag, val }`, the tag as in WIT; no `val` without a payload |
 * | `enum` | string, as in WIT |
 * | `flags` | object of booleans with camelCase keys; a missing one is false |
 * | `option<T>` | `undefined` or T; see {@link isTaggedOption} for nested ones |
 * | `result<T, E>` | `{ tag: "ok" or "err", val }`, except where it is the result of a function |
 *
 * A function that returns a `result` returns the bare payload of `ok`, and throws the bare payload of `err` (`undefined`
 * where there is none): what it throws need not be an Error.
 */
export interface TaggedValue {
  readonly tag: string;
  readonly val?: unknown;
}

/** How deep a value's type may nest; the same bound as the decoder's, and as that of the WAVE reference parser. */
export const MAX_VALUE_DEPTH = 100;

/**
 * Whether an option is `{ tag: "some", val }` or `{ tag: "none" }` in JavaScript, rather than a value or `undefined`. It
 * is exactly when `undefined` is already a value of its element, so the two forms alternate: `option<u8>` is plain,
 * `option<option<u8>>` tagged, `option<option<option<u8>>>` plain around a tagged one.
 */
export function isTaggedOption(type: { readonly element: WitType }): boolean {
  let tagged = false;
  for (let element = type.element; element.kind === "option"; element = element.element) tagged = !tagged;
  return tagged;
}

/** Whether `undefined` is a value of a type: an option that is not tagged. */
export function acceptsUndefined(type: WitType): boolean {
  return type.kind === "option" && !isTaggedOption(type);
}

/** The members of a record or flags by their JavaScript keys. */
export interface MemberKeys {
  /** The camelCase key of each member, in order. */
  readonly keys: readonly string[];
  /** Which member a key means; holds the camelCase keys and the names as in WIT. */
  readonly positions: ReadonlyMap<string, number>;
  /** Two names that have the same key, if there are any. A value cannot distinguish them. */
  readonly collision: readonly [string, string] | undefined;
}

const memberKeysOf: WeakMap<WitType, MemberKeys> = new WeakMap();

/** The keys of a record's fields or of flags. */
export function memberKeys(type: WitType & { readonly kind: "record" | "flags" }): MemberKeys {
  const known = memberKeysOf.get(type);
  if (known !== undefined) return known;
  const names = type.kind === "record" ? type.fields.map((field) => field.name) : type.names;
  const keys = names.map((name) => camelCase(name));
  const positions = new Map<string, number>();
  let collision: readonly [string, string] | undefined;
  for (const [index, key] of keys.entries()) {
    const other = positions.get(key);
    if (other !== undefined) collision ??= [names[other] ?? "", names[index] ?? ""];
    positions.set(key, index);
  }
  for (const [index, name] of names.entries()) {
    if (!positions.has(name)) positions.set(name, index);
  }
  const members: MemberKeys = { keys, positions, collision };
  memberKeysOf.set(type, members);
  return members;
}

/** Two members of a record or of flags somewhere in a type that have one key, if there are any. */
export function collisionIn(type: WitType): readonly [string, string] | undefined {
  const own = type.kind === "record" || type.kind === "flags" ? memberKeys(type).collision : undefined;
  if (own !== undefined) return own;
  for (const part of partsOfType(type)) {
    const collision = part === undefined ? undefined : collisionIn(part);
    if (collision !== undefined) return collision;
  }
  return undefined;
}

type NumericArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

const TYPED_ARRAYS: ReadonlyMap<string, string> = new Map([
  ["u8", "Uint8Array"],
  ["s8", "Int8Array"],
  ["u16", "Uint16Array"],
  ["s16", "Int16Array"],
  ["u32", "Uint32Array"],
  ["s32", "Int32Array"],
  ["u64", "BigUint64Array"],
  ["s64", "BigInt64Array"],
  ["f32", "Float32Array"],
  ["f64", "Float64Array"],
]);

const TYPED_ARRAY_PROTOTYPE: object = Object.getPrototypeOf(Uint8Array.prototype) as object;

/** The class of a typed array by its brand, which no property of the value can change; undefined for anything else. */
export function typedArrayClass(value: unknown): string | undefined {
  return Reflect.get(TYPED_ARRAY_PROTOTYPE, Symbol.toStringTag, value) as string | undefined;
}

/**
 * A copy of the typed array that belongs to a list of a numeric type. Undefined when the value is anything else, or its
 * buffer was transferred away or shrunk below it.
 */
export function copyTypedArray(value: unknown, elementKind: string): NumericArray | undefined {
  const found = typedArrayClass(value);
  if (found === undefined || found !== TYPED_ARRAYS.get(elementKind)) return undefined;
  try {
    // The constructors read the array's slots, never the properties that a subclass may have redefined.
    return copyOf(value as NumericArray, found);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

function copyOf(source: NumericArray, name: string): NumericArray {
  switch (name) {
    case "Int8Array":
      return new Int8Array(source as Int8Array);
    case "Uint16Array":
      return new Uint16Array(source as Uint16Array);
    case "Int16Array":
      return new Int16Array(source as Int16Array);
    case "Uint32Array":
      return new Uint32Array(source as Uint32Array);
    case "Int32Array":
      return new Int32Array(source as Int32Array);
    case "BigUint64Array":
      return new BigUint64Array(source as BigUint64Array);
    case "BigInt64Array":
      return new BigInt64Array(source as BigInt64Array);
    case "Float32Array":
      return new Float32Array(source as Float32Array);
    case "Float64Array":
      return new Float64Array(source as Float64Array);
    default:
      return new Uint8Array(source as Uint8Array);
  }
}
