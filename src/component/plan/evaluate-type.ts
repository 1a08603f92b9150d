import type {
  Declaration,
  ExternType,
  TypeDefinition,
  ValueTypeDefinition,
  ValueTypeUse,
} from "../binary/definitions.ts";
import { defineAlias } from "./aliases.ts";
import {
  type BodyType,
  type Entity,
  type Instance,
  named,
  type ResourceType,
  type Shape,
  type TypeEntity,
  type ValueType,
} from "./entities.ts";
import { Frame, valid } from "./frame.ts";
import type { PlanBuilder } from "./plan-builder.ts";

/** The type that a definition stands for in a frame. */
export function evaluateType(
  builder: PlanBuilder,
  frame: Frame,
  definition: Exclude<TypeDefinition, { readonly sort: "resource" }>,
): TypeEntity {
  switch (definition.sort) {
    case "value":
      return { sort: "value", shape: shapeOf(builder, frame, definition.type), name: undefined };
    case "function": {
      const { parameters, result, async } = definition;
      builder.decoding.charge(parameters.length);
      return {
        sort: "function",
        parameters: parameters.map(({ name, type }) => ({ name, type: typeOfUse(frame, type) })),
        result: result === undefined ? undefined : typeOfUse(frame, result),
        async,
      };
    }
    case "component":
    case "instance":
      return { sort: definition.sort, definition, scope: frame };
  }
}

/** The type of a use: a primitive, or a type of the frame. */
export function typeOfUse(frame: Frame, use: ValueTypeUse): ValueType {
  if (typeof use === "string") return { sort: "value", shape: { kind: "primitive", primitive: use }, name: undefined };
  const type = frame.type(use);
  return valid(type.sort === "value" ? type : undefined);
}

/** The resource type of an index. */
export function resourceOf(frame: Frame, index: number): ResourceType {
  const type = frame.type(index);
  return valid(type.sort === "resource" ? type : undefined);
}

function shapeOf(builder: PlanBuilder, frame: Frame, definition: ValueTypeDefinition): Shape {
  const use = (one: ValueTypeUse): ValueType => typeOfUse(frame, one);
  const optional = (one: ValueTypeUse | undefined): ValueType | undefined => (one === undefined ? one : use(one));
  switch (definition.kind) {
    case "primitive":
    case "flags":
    case "enum":
      return definition;
    case "record":
      builder.decoding.charge(definition.fields.length);
      return { kind: "record", fields: definition.fields.map(({ name, type }) => ({ name, type: use(type) })) };
    case "variant":
      builder.decoding.charge(definition.cases.length);
      return { kind: "variant", cases: definition.cases.map(({ name, type }) => ({ name, type: optional(type) })) };
    case "tuple":
      builder.decoding.charge(definition.elements.length);
      return { kind: "tuple", elements: definition.elements.map(use) };
    case "list":
      return { kind: "list", element: use(definition.element), length: definition.length };
    case "option":
      return { kind: "option", element: use(definition.element) };
    case "result":
      return { kind: "result", ok: optional(definition.ok), err: optional(definition.err) };
    case "own":
    case "borrow":
      return { kind: definition.kind, resource: resourceOf(frame, definition.resource) };
    case "stream":
    case "future":
      return { kind: definition.kind, element: optional(definition.element) };
    case "map":
      return { kind: "map", key: use(definition.key), value: use(definition.value) };
  }
}

/** What imports or exports are bound to. */
export interface Bindings {
  /** Arguments of an instantiation, for imports. */
  readonly imports?: ReadonlyMap<string, Entity>;
  /** Exports of an actual instance, for the declared ones. */
  readonly exports?: ReadonlyMap<string, Entity>;
  /** Where, from the root, what is bound to nothing is imported. */
  readonly path?: readonly string[];
}

/** What an instance type describes, or what instantiating a component of a component type gives. */
export function evaluateBody(builder: PlanBuilder, type: BodyType, bindings: Bindings): Instance {
  const frame = new Frame(type.scope, undefined);
  builder.decoding.nested(() => {
    for (const declaration of type.definition.declarations) evaluateDeclaration(builder, frame, declaration, bindings);
  });
  return { exports: frame.exports };
}

function evaluateDeclaration(builder: PlanBuilder, frame: Frame, declaration: Declaration, bindings: Bindings): void {
  builder.decoding.charge(1);
  switch (declaration.kind) {
    case "core-type":
      // Validation has kept the module types of what is declared to be a module.
      break;
    case "type": {
      const { type } = declaration;
      // Resources are defined in components only.
      if (type.sort !== "resource") frame.push({ sort: "type", type: evaluateType(builder, frame, type) });
      break;
    }
    case "alias":
      defineAlias(frame, declaration.target);
      break;
    case "import": {
      const actual = valid(bindings.imports?.get(declaration.name.name));
      frame.push(evaluateExtern(builder, frame, declaration.type, actual, []));
      break;
    }
    case "export-type": {
      const { name } = declaration.name;
      const actual = bindings.exports === undefined ? undefined : valid(bindings.exports.get(name));
      const path = bindings.path === undefined ? [] : [...bindings.path, name];
      const entity = named(evaluateExtern(builder, frame, declaration.type, actual, path), name);
      frame.exports.set(name, entity);
      frame.push(entity);
      break;
    }
  }
}

/**
 * What is imported or exported with a declared type. Given an actual entity, it is that, with functions and instances in
 * the form in which they are declared; without, it is one that the embedder gives at that path.
 */
export function evaluateExtern(
  builder: PlanBuilder,
  frame: Frame,
  declared: ExternType,
  actual: Entity | undefined,
  path: readonly string[],
): Entity {
  switch (declared.sort) {
    case "function": {
      const type = frame.type(declared.type);
      const declaredType = valid(type.sort === "function" ? type : undefined);
      if (actual?.sort === "function") return { ...actual, type: declaredType };
      const index = builder.addFunction({ from: "import", path, type: builder.functionType(declaredType) });
      return { sort: "function", index, type: declaredType };
    }
    case "type": {
      if (actual !== undefined) return actual;
      if (declared.bound === "equal") return { sort: "type", type: frame.type(declared.type) };
      return { sort: "type", type: builder.addResource({ from: "import", path }) };
    }
    case "instance": {
      const type = frame.type(declared.type);
      const body = valid(type.sort === "instance" ? type : undefined);
      const bindings = actual?.sort === "instance" ? { exports: actual.instance.exports } : { path };
      return { sort: "instance", instance: evaluateBody(builder, body, bindings) };
    }
    case "component": {
      if (actual !== undefined) return actual;
      const type = frame.type(declared.type);
      return {
        sort: "component",
        component: { from: "type", type: valid(type.sort === "component" ? type : undefined) },
      };
    }
    case "module":
      return actual ?? importedModule(builder, declared, path);
  }
}

function importedModule(builder: PlanBuilder, declared: ExternType, path: readonly string[]): Entity {
  const type = valid(builder.valid.declaredModules.get(declared));
  const imports = [...type.imports].flatMap(([module, names]) => [...names.keys()].map((name) => ({ module, name })));
  return { sort: "module", module: { plan: { from: "import", path }, imports, type } };
}
