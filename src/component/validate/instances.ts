import type {
  ArgumentDefinition,
  BagExport,
  CoreArgumentDefinition,
  CoreExportDefinition,
} from "../binary/definitions.ts";
import { coreMismatch } from "./core/core-matching.ts";
import type { CoreExtern } from "./core/core-types.ts";
import { addNamed } from "./externs.ts";
import { invalid, quoted } from "./invalid.ts";
import { isOpen } from "./types/open.ts";
import type { Externs, Scope, Validation } from "./scope.ts";
import { Substitution } from "./types/substitution.ts";
import { open } from "./types/subtype.ts";
import { type Entity, extentOf, type InstanceType } from "./types/types.ts";

/** What an instance of a core module exports, once its arguments are checked. */
export function instantiateModule(
  { coreTypes, charge }: Validation,
  scope: Scope,
  index: number,
  definitions: readonly CoreArgumentDefinition[],
  offset: number,
): ReadonlyMap<string, CoreExtern> {
  const module = scope.moduleAt(index, offset);
  const given = new Map<string, ReadonlyMap<string, CoreExtern>>();
  for (const { name, instance } of definitions) {
    if (given.has(name)) invalid(`a core module is given ${quoted(name)} twice`, offset);
    given.set(name, scope.coreInstanceAt(instance, offset));
  }
  charge(module.size);
  for (const [from, names] of module.imports) {
    const instance = given.get(from);
    if (instance === undefined) invalid(`a core module is not given ${quoted(from)}`, offset);
    for (const [name, expected] of names) {
      const actual = instance.get(name);
      if (actual === undefined) invalid(`a core module is not given ${quoted(from)} ${quoted(name)}`, offset);
      const problem = coreMismatch(coreTypes, actual, expected);
      if (problem !== undefined) invalid(`in ${quoted(from)} ${quoted(name)} of a core module: ${problem}`, offset);
    }
  }
  return module.exports;
}

/** A core instance of single core definitions. */
export function coreBag(
  scope: Scope,
  definitions: readonly CoreExportDefinition[],
  offset: number,
): ReadonlyMap<string, CoreExtern> {
  const exports = new Map<string, CoreExtern>();
  for (const { name, sort, index } of definitions) {
    if (exports.has(name)) invalid(`a core instance exports ${quoted(name)} twice`, offset);
    exports.set(name, scope.coreExtern(sort, index, offset));
  }
  return exports;
}

/**
 * The instance that a component becomes: its exports in terms of the arguments, with new resources for those that it
 * defines.
 */
export function instantiateComponent(
  validation: Validation,
  scope: Scope,
  index: number,
  definitions: readonly ArgumentDefinition[],
  offset: number,
): InstanceType {
  const { charge, decoding } = validation;
  const component = scope.entity("component", index, offset);
  if (component.sort !== "component") return invalid(`component ${index} is none`, offset);
  const { imports, exports, imported, defined, instantiation } = component.type;
  // Planning does it all again for each instance; what could never be planned is refused though nobody may ask for it.
  charge(instantiation.steps);
  decoding.checkDepth(instantiation.depth);
  scope.addInstantiation(instantiation);
  const args = new Map<string, Entity>();
  for (const { name, sort, index: at } of definitions) {
    if (args.has(name)) invalid(`an instantiation provides ${quoted(name)} twice`, offset);
    args.set(name, scope.entity(sort, at, offset));
  }
  const opened = open(validation, args, imports, imported, "import");
  if (typeof opened === "string") return invalid(opened, offset);
  for (const { resource } of defined) {
    const own = validation.newResource().resource;
    opened.resources.set(resource, own);
    scope.definedResources.set(own, undefined);
  }
  const shown = new Substitution(validation.charge, opened.resources, opened.types).entities(exports);
  const { size, depth } = validation.extent([...exports.values()].map(extentOf));
  return { sort: "instance", exports: shown, defined: [], size, depth, open: [...shown.values()].some(isOpen) };
}

/** An instance of single definitions. */
export function bagOfExports(
  validation: Validation,
  scope: Scope,
  definitions: readonly BagExport[],
  offset: number,
): InstanceType {
  const externs: Externs = {
    items: new Map(),
    canonical: new Set(),
    // Nothing in it has an index, so no resource has a name in it by which a method could be one of it.
    resources: { byType: new Map(), names: new Set() },
  };
  for (const { name, sort, index } of definitions) {
    addNamed(validation, externs, "export", name, scope.entity(sort, index, offset), offset);
  }
  const { size, depth, open: isAnyOpen } = validation.extent([...externs.items.values()].map(extentOf));
  return { sort: "instance", exports: externs.items, defined: [], size, depth, open: isAnyOpen };
}
