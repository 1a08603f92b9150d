import type { WitType } from "../../shared/wit/wit.ts";
import { normalizeValue } from "./check-value.ts";
import { printFloat } from "./scalars.ts";
import { isTaggedOption, memberKeys } from "./shapes.ts";
import type { TaggedValue } from "./shapes.ts";

/** What JSON can hold. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/**
 * A value in the shape of the engine (see `shapes.ts`) as JSON data; `parseJsonArgument` reads its text back to the same
 * value. 64-bit integers are strings of decimal digits, records have all their fields, with the names they have in WIT,
 * an absent option is null, flags are an array of the names that are set, `list<u8>` is an array of numbers, floats that
 * JSON lacks are `"nan"`, `"inf"` and `"-inf"`; `f32` numbers have as many digits as `f32` needs. The rest is as
 * `parseJsonArgument` says. One thing is lost, in `JSON.stringify`: the sign of `-0`.
 *
 * For what a function returned: a `result` at the top comes out of the engine as the bare payload of `ok`, so the type to
 * give here is that of `ok`.
 *
 * @throws CordonError `unsupported` when the value holds a resource, stream, future or error context, or is not of the
 *   type.
 */
export function toJson(value: unknown, type: WitType): JsonValue {
  return render(normalizeValue(value, type, "write the value as JSON"), type);
}

/** The value is a copy of the right shape, so cases are only distinguished, not checked. */
function render(value: unknown, type: WitType): JsonValue {
  switch (type.kind) {
    case "s64":
    case "u64":
      return String(value);
    case "f32":
    case "f64": {
      if (Object.is(value, -0)) return -0;
      const text = printFloat(type.kind, value as number);
      return /[0-9]/.test(text) ? Number(text) : text;
    }
    case "list":
      return Array.from(value as Iterable<unknown>, (element) => render(element, type.element));
    case "tuple": {
      const elements = value as readonly unknown[];
      return type.elements.map((element, index) => render(elements[index], element));
    }
    case "record": {
      const { keys } = memberKeys(type);
      return Object.fromEntries(
        type.fields.map((field, index) => [field.name, render(member(value, keys[index]), field.type)]),
      );
    }
    case "flags": {
      const { keys } = memberKeys(type);
      return type.names.filter((_name, index) => member(value, keys[index]) === true);
    }
    case "option":
      return renderOption(value, type);
    case "result": {
      const { tag, val } = value as TaggedValue;
      const payload = tag === "ok" ? type.ok : type.err;
      return { [tag]: payload === undefined ? null : render(val, payload) };
    }
    case "variant": {
      const { tag, val } = value as TaggedValue;
      const payload = type.cases.find((item) => item.name === tag)?.type;
      return payload === undefined ? tag : Object.fromEntries([[tag, render(val, payload)]]);
    }
    case "map":
      return Array.from(value as ReadonlyMap<unknown, unknown>, ([key, item]) => [
        render(key, type.key),
        render(item, type.value),
      ]);
    case "bool":
    case "s8":
    case "u8":
    case "s16":
    case "u16":
    case "s32":
    case "u32":
    case "char":
    case "string":
    case "enum":
    case "own":
    case "borrow":
    case "stream":
    case "future":
    case "error-context":
      break;
  }
  // Of the last five kinds no value passes the check, so this is a boolean, a number or a string.
  return value as boolean | number | string;
}

function renderOption(value: unknown, type: WitType & { readonly kind: "option" }): JsonValue {
  const tagged = isTaggedOption(type);
  const none = tagged ? (value as TaggedValue).tag === "none" : value === undefined;
  const nested = type.element.kind === "option";
  if (none) return nested ? { none: null } : null;
  const payload = render(tagged ? (value as TaggedValue).val : value, type.element);
  return nested ? { some: payload } : payload;
}

function member(value: unknown, key: string | undefined): unknown {
  return (value as Readonly<Record<string, unknown>>)[key ?? ""];
}
