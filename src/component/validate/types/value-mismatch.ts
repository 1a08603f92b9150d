import { quoted } from "../invalid.ts";
import type { ValueType } from "./types.ts";

type Charge = (steps: number) => void;

/** Why two value types are not equal; undefined when they are. Names of types do not matter, those of their parts do. */
export function valueMismatch(charge: Charge, actual: ValueType, expected: ValueType): string | undefined {
  charge(1);
  const [one, other] = [actual.shape, expected.shape];
  if (one === other) return undefined;
  const differ = (): string => `a ${one.kind} stands where a ${other.kind} is declared`;
  switch (one.kind) {
    case "primitive":
      if (other.kind !== "primitive") return `${one.primitive} stands where a ${other.kind} is declared`;
      return one.primitive === other.primitive
        ? undefined
        : `${one.primitive} stands where ${other.primitive} is declared`;
    case "record":
      if (other.kind !== "record") break;
      return partsMismatch(charge, one.fields, other.fields, "field");
    case "variant":
      if (other.kind !== "variant") break;
      return partsMismatch(charge, one.cases, other.cases, "case");
    case "tuple": {
      if (other.kind !== "tuple") break;
      return partsMismatch(charge, numbered(one.elements), numbered(other.elements), "element");
    }
    case "flags":
    case "enum": {
      if (other.kind !== one.kind) break;
      charge(one.names.length);
      const same = one.names.length === other.names.length && one.names.every((name, at) => name === other.names[at]);
      return same ? undefined : `the names of a type of ${one.kind} differ`;
    }
    case "list":
      if (other.kind !== "list") break;
      if (one.length !== other.length) return "one list has a fixed length that the other does not have";
      return valueMismatch(charge, one.element, other.element);
    case "option":
      if (other.kind !== "option") break;
      return valueMismatch(charge, one.element, other.element);
    case "stream":
    case "future":
      if (other.kind !== one.kind) break;
      return optionalMismatch(charge, one.element, other.element);
    case "result":
      if (other.kind !== "result") break;
      return optionalMismatch(charge, one.ok, other.ok) ?? optionalMismatch(charge, one.err, other.err);
    case "map":
      if (other.kind !== "map") break;
      return valueMismatch(charge, one.key, other.key) ?? valueMismatch(charge, one.value, other.value);
    case "own":
    case "borrow":
      if (other.kind !== one.kind) break;
      return one.resource.resource === other.resource.resource ? undefined : "the resource types are not the same";
  }
  return differ();
}

interface Part {
  readonly name: string;
  readonly type: ValueType | undefined;
}

function numbered(types: readonly ValueType[]): readonly Part[] {
  return types.map((type, index) => ({ name: `${index}`, type }));
}

function partsMismatch(
  charge: Charge,
  actual: readonly Part[],
  expected: readonly Part[],
  what: string,
): string | undefined {
  if (actual.length !== expected.length) {
    return `the type has ${actual.length} ${what}s where ${expected.length} are declared`;
  }
  for (const [index, { name, type }] of expected.entries()) {
    const given = actual[index];
    if (given?.name !== name) return `${what} ${index} is not called ${quoted(name)}`;
    const problem = optionalMismatch(charge, given.type, type);
    if (problem !== undefined) return `in ${what} ${quoted(name)}: ${problem}`;
  }
  return undefined;
}

function optionalMismatch(
  charge: Charge,
  actual: ValueType | undefined,
  expected: ValueType | undefined,
): string | undefined {
  if (actual === undefined || expected === undefined) {
    return actual === expected ? undefined : "a payload is there in one type only";
  }
  return valueMismatch(charge, actual, expected);
}
