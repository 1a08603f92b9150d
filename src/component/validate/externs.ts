import type { ExternName, ExternType } from "../binary/definitions.ts";
import { checkAnnotation } from "./names/annotated-names.ts";
import { invalid, quoted } from "./invalid.ts";
import { nameTypes } from "./types/named-types.ts";
import { canonicalName, isVersion, parseName, type ParsedName } from "./names/names.ts";
import { explicitPaths } from "./types/resources.ts";
import type { Externs, Scope, Validation } from "./scope.ts";
import { Substitution } from "./types/substitution.ts";
import type { Entity, InstanceType, Resource } from "./types/types.ts";

export type ExternKind = "import" | "export";

/** What an import or export is declared to be. */
export function declaredEntity(validation: Validation, scope: Scope, type: ExternType, offset: number): Entity {
  switch (type.sort) {
    case "module": {
      const module = scope.coreTypeAt(type.type, offset);
      if (typeof module === "number") return invalid(`core type ${type.type} is not a module's`, offset);
      validation.declaredModules.set(type, module);
      return { sort: "module", type: module };
    }
    case "function":
      return { sort: "function", type: scope.functionTypeAt(type.type, offset) };
    case "instance":
      return { sort: "instance", type: scope.instanceTypeAt(type.type, offset) };
    case "component":
      return { sort: "component", type: scope.componentTypeAt(type.type, offset) };
    case "type": {
      if (type.bound === "resource") {
        const created = validation.newResource();
        return { sort: "type", created, referenced: created };
      }
      const referenced = scope.typeAt(type.type, offset);
      return { sort: "type", referenced, created: validation.unique(referenced) };
    }
  }
}

/** Adds an import or export to a scope: to the index space of its sort, and to the names. */
export function addExtern(
  validation: Validation,
  scope: Scope,
  kind: ExternKind,
  name: ExternName,
  declared: Entity,
  offset: number,
): void {
  const externs = kind === "import" ? scope.imports : scope.exports;
  const entity =
    declared.sort === "instance" ? withOwnResources(validation, scope, kind, name, declared.type) : declared;
  scope.push(entity, validation.decoding);
  validation.decoding.count("externs");
  if (entity.sort === "type" && entity.created.sort === "resource") {
    if (entity.created === entity.referenced) {
      const { resource } = entity.created;
      if (kind === "import") scope.importedResources.set(resource, [name.name]);
      else scope.definedResources.set(resource, undefined);
    }
    externs.resources.byType.set(entity.created, name.name);
    externs.resources.names.add(name.name);
  }
  if (scope.kind !== "instance-type" && !nameTypes(validation.charge, kind, entity, scope.named)) {
    invalid(
      `the ${entity.sort} ${quoted(name.name)} refers to a type without a name, so that it cannot be ${kind}ed`,
      offset,
    );
  }
  addNamed(validation, externs, kind, name, entity, offset);
  scope.addExtent(entity);
}

/**
 * The instance with resources of its own in place of those that its type declares: two imports, or exports, of one type
 * do not have them in common.
 */
function withOwnResources(
  validation: Validation,
  scope: Scope,
  kind: ExternKind,
  { name }: ExternName,
  type: InstanceType,
): Entity {
  if (type.defined.length === 0) return { sort: "instance", type };
  const { charge } = validation;
  const resources = new Map<Resource, Resource>();
  const paths = kind === "import" ? explicitPaths(charge, type.exports, type.defined) : undefined;
  for (const abstract of type.defined) {
    const { resource } = validation.newResource();
    resources.set(abstract, resource);
    if (paths === undefined) scope.definedResources.set(resource, undefined);
    else scope.importedResources.set(resource, [name, ...(paths.get(abstract) ?? [])]);
  }
  const exports = new Substitution(charge, resources).entities(type.exports);
  return { sort: "instance", type: { ...type, exports, defined: [] } };
}

/** Checks a name with its attributes, and against what it names, and adds it to those before it. */
export function addNamed(
  validation: Validation,
  externs: Externs,
  kind: ExternKind,
  extern: ExternName,
  entity: Entity,
  offset: number,
): void {
  const { name } = extern;
  validation.charge(1 + (name.length >>> 5));
  const parsed = parseName(name);
  if (parsed === undefined) invalid(`${quoted(name)} is not a valid name of an ${kind}`, offset);
  checkAttributes(extern, parsed, entity, offset);
  if (parsed.kind === "interface" && !isVersion(parsed.version, extern.versionSuffix)) {
    invalid(`the version of ${quoted(name)} is not valid`, offset);
  }
  const problem = checkAnnotation(parsed, entity, externs.resources);
  if (problem !== undefined) invalid(`the name ${quoted(name)} of an ${kind} is not valid: ${problem}`, offset);
  const canonical = canonicalName(name, parsed);
  if (externs.canonical.has(canonical) || externs.items.has(name)) {
    invalid(`the name ${quoted(name)} is ${kind}ed twice, or differs from another in case or hyphens alone`, offset);
  }
  externs.canonical.add(canonical);
  externs.items.set(name, entity);
}

function checkAttributes(extern: ExternName, parsed: ParsedName, entity: Entity, offset: number): void {
  const { name, implements: implemented, versionSuffix } = extern;
  if (versionSuffix !== undefined) {
    if (entity.sort !== "instance") invalid("only instances can have a version suffix", offset);
    if (versionSuffix === "") invalid("a version suffix is empty", offset);
    if (implemented === undefined && parsed.kind !== "interface") {
      invalid(`a version suffix stands beside ${quoted(name)}, which has no version`, offset);
    }
  }
  if (implemented === undefined) return;
  if (parsed.kind !== "label") invalid(`${quoted(name)} cannot implement an interface: it is not a plain name`, offset);
  if (entity.sort !== "instance") invalid("only instances can implement an interface", offset);
  const target = parseName(implemented);
  if (target?.kind !== "interface" || !isVersion(target.version, versionSuffix)) {
    invalid(`${quoted(implemented)} is implemented, which is not a valid name of an interface`, offset);
  }
}
