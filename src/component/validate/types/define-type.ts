import type {
  CoreTypeDefinition,
  Declaration,
  FunctionTypeDefinition,
  TypeDefinition,
  ValueTypeUse,
} from "../../binary/definitions.ts";
import { defineAlias } from "../aliases.ts";
import { finishComponentType } from "./component-type.ts";
import { addExtern, declaredEntity } from "../externs.ts";
import { invalid } from "../invalid.ts";
import { isOpen } from "./open.ts";
import { typeOfDeclarations } from "../core/module-type.ts";
import { Scope, type Validation } from "../scope.ts";
import { type AnyType, type FunctionType, type InstanceType, type ResourceType, type ValueType } from "./types.ts";
import { defineValueType, labelled, primitiveType } from "./value-type.ts";

const MAX_PARAMETERS = 1_000;

/** Defines a type in a scope. */
export function defineType(validation: Validation, scope: Scope, definition: TypeDefinition, offset: number): void {
  const type = typeOf(validation, scope, definition, offset);
  scope.push({ sort: "type", created: type, referenced: type }, validation.decoding);
}

function typeOf(validation: Validation, scope: Scope, definition: TypeDefinition, offset: number): AnyType {
  switch (definition.sort) {
    case "value":
      return defineValueType(
        definition.type,
        {
          value: (use) => valueType(scope, use, offset),
          resource: (index) => scope.resourceAt(index, offset),
          extent: (children) => validation.extent(children),
        },
        offset,
      );
    case "function":
      return functionType(validation, scope, definition, offset);
    case "instance":
      return instanceType(validation, scope, definition.declarations);
    case "component":
      return declare(
        validation,
        new Scope("component-type", scope, validation.decoding),
        definition.declarations,
        offset,
      );
    case "resource":
      return resourceType(validation, scope, definition, offset);
  }
}

export function valueType(scope: Scope, use: ValueTypeUse, offset: number): ValueType {
  return typeof use === "string" ? primitiveType(use) : scope.valueTypeAt(use, offset);
}

function functionType(
  validation: Validation,
  scope: Scope,
  definition: FunctionTypeDefinition,
  offset: number,
): FunctionType {
  if (definition.parameters.length > MAX_PARAMETERS) {
    invalid(`a function has more than ${MAX_PARAMETERS} parameters`, offset);
  }
  const use = (one: ValueTypeUse): ValueType => valueType(scope, one, offset);
  const parameters = labelled(definition.parameters, "function", use, offset);
  const result = definition.result === undefined ? undefined : use(definition.result);
  if (result?.borrows === true) invalid("the result of a function has a borrowed handle in it", offset);
  const { size, depth, open } = validation.extent([...parameters.map(({ type }) => type), result]);
  return { sort: "function", parameters, result, async: definition.async, size, depth, open };
}

function instanceType(validation: Validation, parent: Scope, declarations: readonly Declaration[]): InstanceType {
  const scope = new Scope("instance-type", parent, validation.decoding);
  walkDeclarations(validation, scope, declarations);
  const { size, depth } = scope.extent;
  const exports = scope.exports.items;
  const open = [...exports.values()].some(isOpen);
  return { sort: "instance", exports, defined: [...scope.definedResources.keys()], size, depth, open };
}

function declare(validation: Validation, scope: Scope, declarations: readonly Declaration[], offset: number): AnyType {
  walkDeclarations(validation, scope, declarations);
  return finishComponentType(validation, scope, 0, offset);
}

function walkDeclarations(validation: Validation, scope: Scope, declarations: readonly Declaration[]): void {
  for (const declaration of declarations) {
    const { offset } = declaration;
    validation.charge(1);
    switch (declaration.kind) {
      case "core-type":
        defineCoreType(validation, scope, declaration.type, offset);
        break;
      case "type":
        defineType(validation, scope, declaration.type, offset);
        break;
      case "alias":
        defineAlias(validation, scope, declaration.target, offset);
        break;
      case "import":
      case "export-type": {
        const kind = declaration.kind === "import" ? "import" : "export";
        const entity = declaredEntity(validation, scope, declaration.type, offset);
        addExtern(validation, scope, kind, declaration.name, entity, offset);
        break;
      }
    }
  }
}

function resourceType(
  validation: Validation,
  scope: Scope,
  { rep, destructor }: Extract<TypeDefinition, { readonly sort: "resource" }>,
  offset: number,
): ResourceType {
  if (scope.kind !== "component") invalid("a resource type is defined inside another type", offset);
  if (destructor !== undefined) {
    const id = scope.coreFunctionAt(destructor, offset);
    if (!validation.coreTypes.hasSignature(id, [rep], [])) {
      invalid("the destructor of a resource is not of the type that it has to have", offset);
    }
  }
  const type = validation.newResource();
  scope.hasEffects = true;
  scope.definedResources.set(type.resource, rep);
  return type;
}

/** Defines a core type, or those of a recursion group. */
export function defineCoreType(validation: Validation, scope: Scope, type: CoreTypeDefinition, offset: number): void {
  if (type.sort === "group") {
    const problem = validation.coreTypes.add(type.group, scope.coreTypes);
    if (problem !== undefined) invalid(problem, offset);
    scope.moduleTypes.length = scope.coreTypes.length;
    return;
  }
  const outer = (count: number, index: number, at: number) => scope.outer(count, at).coreTypeAt(index, at);
  scope.moduleTypes[scope.coreTypes.push(undefined) - 1] = typeOfDeclarations(
    validation.coreTypes,
    type.declarations,
    outer,
  );
}
