import type { CoreType } from "../../../shared/plan/plan.ts";
import type { WitPrimitive } from "../../../shared/wit/wit.ts";
import type { Shape, ValueType } from "../types/types.ts";

/** The most core values by which parameters are passed (Canonical ABI, "Flattening"); of async calls, and of results. */
export const MAX_FLAT_PARAMETERS = 16;
export const MAX_FLAT_ASYNC_PARAMETERS = 4;
export const MAX_FLAT_RESULTS = 1;

const FLAT: Readonly<Partial<Record<WitPrimitive, CoreType>>> = { s64: "i64", u64: "i64", f32: "f32", f64: "f64" };

const flat32 = new WeakMap<Shape, readonly CoreType[] | "many">();
const flat64 = new WeakMap<Shape, readonly CoreType[] | "many">();

/** The core values that a value is passed by; `many` when there are more than {@link MAX_FLAT_PARAMETERS}. */
export function flatten(type: ValueType, address64: boolean): readonly CoreType[] | "many" {
  const known = address64 ? flat64 : flat32;
  const already = known.get(type.shape);
  if (already !== undefined) return already;
  const flat = flattenShape(type.shape, address64);
  known.set(type.shape, flat);
  return flat;
}

/** The core values of several values one after the other. */
export function flattenAll(types: readonly ValueType[], address64: boolean): readonly CoreType[] | "many" {
  const all: CoreType[] = [];
  for (const type of types) {
    const flat = flatten(type, address64);
    if (flat === "many" || all.length + flat.length > MAX_FLAT_PARAMETERS) return "many";
    all.push(...flat);
  }
  return all;
}

function flattenShape(shape: Shape, address64: boolean): readonly CoreType[] | "many" {
  const address = address64 ? "i64" : "i32";
  switch (shape.kind) {
    case "primitive":
      return shape.primitive === "string" ? [address, address] : [FLAT[shape.primitive] ?? "i32"];
    case "record":
      return flattenAll(
        shape.fields.map(({ type }) => type),
        address64,
      );
    case "tuple":
      return flattenAll(shape.elements, address64);
    case "list": {
      const { element, length } = shape;
      if (length === undefined) return [address, address];
      if (length > MAX_FLAT_PARAMETERS) return "many";
      return flattenAll(
        Array.from({ length }, () => element),
        address64,
      );
    }
    case "map":
      return [address, address];
    case "variant":
      return flattenChoice(
        shape.cases.map(({ type }) => type),
        address64,
      );
    case "option":
      return flattenChoice([shape.element], address64);
    case "result":
      return flattenChoice([shape.ok, shape.err], address64);
    case "flags":
    case "enum":
    case "own":
    case "borrow":
    case "stream":
    case "future":
      return ["i32"];
  }
}

/** A discriminant, then the payload: a core value that each case's fits into. */
function flattenChoice(payloads: readonly (ValueType | undefined)[], address64: boolean): readonly CoreType[] | "many" {
  const joined: CoreType[] = [];
  for (const payload of payloads) {
    const flat = payload === undefined ? [] : flatten(payload, address64);
    if (flat === "many") return "many";
    for (const [index, core] of flat.entries()) {
      const other = joined[index];
      joined[index] = other === undefined ? core : join(other, core);
    }
  }
  return joined.length >= MAX_FLAT_PARAMETERS ? "many" : ["i32", ...joined];
}

function join(one: CoreType, other: CoreType): CoreType {
  if (one === other) return one;
  return isSmall(one) && isSmall(other) ? "i32" : "i64";
}

function isSmall(type: CoreType): boolean {
  return type === "i32" || type === "f32";
}
