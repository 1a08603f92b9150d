import { moduleMismatch } from "../core/core-matching.ts";
import type { CoreTypes } from "../core/core-types.ts";
import { quoted } from "../invalid.ts";
import { entityAt } from "./resources.ts";
import { Substitution } from "./substitution.ts";
import {
  type AnyType,
  type ComponentType,
  type Entity,
  type FunctionType,
  type InstanceType,
  type Resource,
  sortName,
} from "./types.ts";
import { valueMismatch } from "./value-mismatch.ts";

/** What types are compared within: the work budget, and the core types. */
export interface Comparison {
  readonly charge: (steps: number) => void;
  readonly coreTypes: CoreTypes;
}

/**
 * Why one cannot stand where the other is expected
 * (https://github.com/WebAssembly/component-model/blob/main/design/mvp/Subtyping.md); undefined when it can. Functions and
 * value types have to be equal, as other engines ask too; instances may export more, and components may import less.
 */
export function entityMismatch(comparison: Comparison, actual: Entity, expected: Entity): string | undefined {
  switch (expected.sort) {
    case "module":
      if (actual.sort !== "module") break;
      return moduleMismatch(comparison.coreTypes, comparison.charge, actual.type, expected.type);
    case "function":
      if (actual.sort !== "function") break;
      return functionMismatch(comparison, actual.type, expected.type);
    case "instance":
      if (actual.sort !== "instance") break;
      return instanceMismatch(comparison, actual.type, expected.type);
    case "component":
      if (actual.sort !== "component") break;
      return componentMismatch(comparison, actual.type, expected.type);
    case "type":
      if (actual.sort !== "type") break;
      return typeMismatch(comparison, actual.referenced, expected.referenced);
  }
  return `a ${actual.sort} stands where a ${expected.sort} is declared`;
}

function typeMismatch(comparison: Comparison, actual: AnyType, expected: AnyType): string | undefined {
  comparison.charge(1);
  if (actual === expected) return undefined;
  switch (expected.sort) {
    case "resource":
      if (actual.sort !== "resource") break;
      return actual.resource === expected.resource ? undefined : "the resource types are not the same";
    case "value":
      if (actual.sort !== "value") break;
      return valueMismatch(comparison.charge, actual, expected);
    case "function":
      if (actual.sort !== "function") break;
      return functionMismatch(comparison, actual, expected);
    case "instance":
      if (actual.sort !== "instance") break;
      return instanceMismatch(comparison, actual, expected);
    case "component":
      if (actual.sort !== "component") break;
      return componentMismatch(comparison, actual, expected);
  }
  return `a ${sortName(actual)} stands where a ${sortName(expected)} is declared`;
}

function functionMismatch({ charge }: Comparison, actual: FunctionType, expected: FunctionType): string | undefined {
  charge(1 + expected.parameters.length);
  if (actual === expected) return undefined;
  if (actual.async !== expected.async) return `the function is ${actual.async ? "" : "not "}async`;
  if (actual.parameters.length !== expected.parameters.length) {
    return `the function has ${actual.parameters.length} parameters where ${expected.parameters.length} are declared`;
  }
  for (const [index, { name, type }] of expected.parameters.entries()) {
    const given = actual.parameters[index];
    if (given?.name !== name) return `parameter ${index} of the function is not called ${quoted(name)}`;
    const problem = valueMismatch(charge, given.type, type);
    if (problem !== undefined) return `in parameter ${quoted(name)}: ${problem}`;
  }
  if (actual.result === undefined || expected.result === undefined) {
    return actual.result === expected.result ? undefined : "one function has a result and the other has none";
  }
  const problem = valueMismatch(charge, actual.result, expected.result);
  return problem === undefined ? undefined : `in the result: ${problem}`;
}

function instanceMismatch(comparison: Comparison, actual: InstanceType, expected: InstanceType): string | undefined {
  if (actual === expected) return undefined;
  for (const [name, declared] of expected.exports) {
    comparison.charge(1);
    const given = actual.exports.get(name);
    if (given === undefined) return `the instance does not export ${quoted(name)}`;
    const problem = entityMismatch(comparison, given, declared);
    if (problem !== undefined) return `in export ${quoted(name)}: ${problem}`;
  }
  return undefined;
}

/** Whoever holds the expected type gives its imports, which have to suffice, and takes what is then exported. */
function componentMismatch(comparison: Comparison, actual: ComponentType, expected: ComponentType): string | undefined {
  const given = open(comparison, expected.imports, actual.imports, actual.imported, "import");
  if (typeof given === "string") return given;
  const exports = new Substitution(comparison.charge, given.resources).entities(actual.exports);
  const shown = open(comparison, exports, expected.exports, expected.defined, "export");
  return typeof shown === "string" ? shown : undefined;
}

/** What stands for the abstract resources and the types of a signature, once it is satisfied. */
export interface Opened {
  readonly resources: Map<Resource, Resource>;
  readonly types: Map<AnyType, AnyType>;
}

/**
 * Matches what is given with a signature: finds the resource that stands for each abstract one, and compares everything
 * in terms of those.
 *
 * @param abstract The resources of the signature, and where they are in it.
 * @returns Why it does not match, or what stands for what.
 */
export function open(
  comparison: Comparison,
  given: ReadonlyMap<string, Entity>,
  signature: ReadonlyMap<string, Entity>,
  abstract: ComponentType["imported"],
  kind: "import" | "export",
): string | Opened {
  const resources = new Map<Resource, Resource>();
  for (const one of abstract) {
    comparison.charge(1 + one.path.length);
    const actual = entityAt(given, one);
    // What is of a wrong sort is found below.
    if (actual?.sort === "type" && actual.created.sort === "resource") {
      resources.set(one.resource, actual.created.resource);
    }
  }
  for (const name of signature.keys()) {
    if (!given.has(name)) {
      return kind === "import"
        ? `an instantiation does not provide ${quoted(name)}`
        : `the component does not export ${quoted(name)}`;
    }
  }
  const substitution = new Substitution(comparison.charge, resources);
  const types = new Map<AnyType, AnyType>();
  for (const [name, declared] of signature) {
    const actual = given.get(name);
    if (actual === undefined) continue;
    const problem = entityMismatch(comparison, actual, substitution.entity(declared));
    if (problem !== undefined) return `in ${kind} ${quoted(name)}: ${problem}`;
    renameTypes(comparison, actual, declared, types);
  }
  return { resources, types };
}

/** Notes which types stand for those that a signature has names for. */
function renameTypes(comparison: Comparison, actual: Entity, declared: Entity, types: Map<AnyType, AnyType>): void {
  comparison.charge(1);
  if (actual.sort === "type" && declared.sort === "type") {
    types.set(declared.created, actual.created);
  } else if (actual.sort === "instance" && declared.sort === "instance") {
    for (const [name, item] of declared.type.exports) {
      const given = actual.type.exports.get(name);
      if (given !== undefined) renameTypes(comparison, given, item, types);
    }
  }
}
