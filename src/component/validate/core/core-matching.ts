import type { CoreValueType, Limits } from "../../binary/core-definitions.ts";
import type { CoreExtern, CoreTypes, ModuleType } from "./core-types.ts";

/**
 * Why one core definition cannot stand where another is expected (core specification 3.4, "matching"); undefined when it
 * can.
 */
export function coreMismatch(types: CoreTypes, actual: CoreExtern, expected: CoreExtern): string | undefined {
  const differs = (what: string): string => `the ${expected.kind} differs in its ${what}`;
  switch (expected.kind) {
    case "function":
      if (actual.kind !== "function") break;
      return types.isSubtype(actual.type, expected.type)
        ? undefined
        : `expected a function of type ${signature(types, expected.type)}, found ${signature(types, actual.type)}`;
    case "tag":
      if (actual.kind !== "tag") break;
      return actual.type === expected.type ? undefined : differs("type");
    case "table":
      if (actual.kind !== "table") break;
      if (!isEqual(types, actual.element, expected.element)) return differs("element type");
      return fits(actual.limits, expected.limits) ? undefined : differs("limits");
    case "memory":
      if (actual.kind !== "memory") break;
      if (actual.shared !== expected.shared) return differs("being shared");
      return fits(actual.limits, expected.limits) ? undefined : differs("limits");
    case "global":
      if (actual.kind !== "global") break;
      if (actual.mutable !== expected.mutable) return differs("being mutable");
      if (!types.isValueSubtype(actual.type, expected.type)) return differs("type");
      return actual.mutable && !types.isValueSubtype(expected.type, actual.type) ? differs("type") : undefined;
  }
  return `expected a ${expected.kind}, found a ${actual.kind}`;
}

function isEqual(types: CoreTypes, one: CoreValueType, other: CoreValueType): boolean {
  return types.isValueSubtype(one, other) && types.isValueSubtype(other, one);
}

function fits(actual: Limits, expected: Limits): boolean {
  if (actual.address64 !== expected.address64 || actual.minimum < expected.minimum) return false;
  if (expected.maximum === undefined) return true;
  return actual.maximum !== undefined && actual.maximum <= expected.maximum;
}

function signature(types: CoreTypes, id: number): string {
  const type = types.functionType(id);
  return type === undefined ? "another kind" : `${listed(type.parameters)} -> ${listed(type.results)}`;
}

function listed(values: readonly CoreValueType[]): string {
  return `(${values.map((value) => (typeof value === "string" ? value : "ref")).join(", ")})`;
}

/** Why one module type cannot stand where another is expected: it may import less, and export more. */
export function moduleMismatch(
  types: CoreTypes,
  charge: (steps: number) => void,
  actual: ModuleType,
  expected: ModuleType,
): string | undefined {
  charge(actual.size + expected.size);
  for (const [module, names] of actual.imports) {
    for (const [name, needed] of names) {
      const given = expected.imports.get(module)?.get(name);
      if (given === undefined) return "the module imports what it is not expected to";
      const problem = coreMismatch(types, given, needed);
      if (problem !== undefined) return `an import of the module does not match: ${problem}`;
    }
  }
  for (const [name, needed] of expected.exports) {
    const given = actual.exports.get(name);
    if (given === undefined) return "the module lacks an export that it is expected to have";
    const problem = coreMismatch(types, given, needed);
    if (problem !== undefined) return `an export of the module does not match: ${problem}`;
  }
  return undefined;
}
