import type { AliasTarget } from "../binary/definitions.ts";
import { invalid, quoted } from "./invalid.ts";
import { freeResources } from "./types/resources.ts";
import type { Scope, Validation } from "./scope.ts";
import type { AnyType } from "./types/types.ts";

/** Defines an alias in a scope. */
export function defineAlias(validation: Validation, scope: Scope, target: AliasTarget, offset: number): void {
  if (scope.kind !== "component" && !isAllowedInTypes(target)) {
    invalid("an alias in a component or instance type is of neither a type nor an instance", offset);
  }
  switch (target.from) {
    case "export": {
      const { sort, instance, name } = target;
      const entity = scope.entity("instance", instance, offset);
      const found = entity.sort === "instance" ? entity.type.exports.get(name) : undefined;
      if (found === undefined) invalid(`instance ${instance} does not export ${quoted(name)}`, offset);
      if (found.sort !== sort) invalid(`an alias of a ${sort} names a ${found.sort}`, offset);
      scope.push(found, validation.decoding);
      break;
    }
    case "core-export": {
      const { sort, instance, name } = target;
      const found = scope.coreInstanceAt(instance, offset).get(name);
      if (found === undefined) invalid(`core instance ${instance} does not export ${quoted(name)}`, offset);
      if (found.kind !== sort) invalid(`an alias of a core ${sort} names a ${found.kind}`, offset);
      scope.pushCore(found);
      break;
    }
    case "outer":
      defineOuterAlias(validation, scope, target, offset);
      break;
  }
}

function isAllowedInTypes(target: AliasTarget): boolean {
  switch (target.from) {
    case "export":
      return target.sort === "type" || target.sort === "instance";
    case "outer":
      return target.sort === "type" || target.sort === "core-type";
    case "core-export":
      return false;
  }
}

function defineOuterAlias(
  validation: Validation,
  scope: Scope,
  { sort, count, index }: Extract<AliasTarget, { readonly from: "outer" }>,
  offset: number,
): void {
  const outer = scope.outer(count, offset);
  if (sort === "core-type") {
    const type = outer.coreTypeAt(index, offset);
    const isModule = typeof type !== "number";
    scope.moduleTypes[scope.coreTypes.push(isModule ? undefined : type) - 1] = isModule ? type : undefined;
    return;
  }
  const entity = outer.entity(sort, index, offset);
  if (entity.sort === "type" && count > 0) checkClosed(validation, scope, count, entity.created, offset);
  scope.push(entity, validation.decoding);
}

/**
 * A component can be taken out of the one that it is in, so no type comes into it that refers to resources outside. Types
 * inside types belong to the component around them.
 */
function checkClosed({ charge }: Validation, scope: Scope, count: number, type: AnyType, offset: number): void {
  const entered = scope.outer(count - 1, offset);
  if (entered.kind !== "component") return;
  entered.outerAliases.add(type);
  if (type.open && freeResources(charge, [type]).size > 0) {
    invalid("an outer alias is of a type that refers to resources of another component", offset);
  }
}
