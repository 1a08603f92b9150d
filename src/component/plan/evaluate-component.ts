import type { CoreArgument } from "../../shared/plan/plan.ts";
import type {
  ComponentBinary,
  CoreArgumentDefinition,
  Definition,
  ExportDefinition,
  ImportDefinition,
  ResourceTypeDefinition,
} from "../binary/definitions.ts";
import { defineAlias } from "./aliases.ts";
import { type Component, type CoreEntity, type CoreInstance, type Entity, type Instance, named } from "./entities.ts";
import { evaluateCanon } from "./evaluate-canon.ts";
import { evaluateBody, evaluateExtern, evaluateType } from "./evaluate-type.ts";
import { Frame, valid } from "./frame.ts";
import type { PlanBuilder } from "./plan-builder.ts";

/** Plans the instantiation of the root: what it imports is the embedder's. */
export function evaluateRoot(builder: PlanBuilder, binary: ComponentBinary): Frame {
  const frame = new Frame(undefined, undefined);
  // The root is the first instance, whether or not anything is to be done in it.
  frame.instanceIn(builder);
  evaluateDefinitions(builder, frame, binary, undefined);
  return frame;
}

function evaluateDefinitions(
  builder: PlanBuilder,
  frame: Frame,
  binary: ComponentBinary,
  args: ReadonlyMap<string, Entity> | undefined,
): void {
  builder.decoding.nested(() => {
    for (const definition of binary.definitions) {
      builder.decoding.charge(1);
      evaluate(builder, frame, definition, args);
    }
  });
}

function evaluate(
  builder: PlanBuilder,
  frame: Frame,
  definition: Definition,
  args: ReadonlyMap<string, Entity> | undefined,
): void {
  switch (definition.kind) {
    case "core-module": {
      const { index, imports } = definition.module;
      const type = valid(builder.valid.modules[index]);
      frame.push({ sort: "module", module: { plan: { from: "bytes", index }, imports, type } });
      break;
    }
    case "core-instantiate":
      frame.coreInstances.push(instantiateModule(builder, frame, definition.module, definition.arguments));
      break;
    case "core-bag": {
      const exports = new Map<string, CoreEntity>();
      for (const { name, sort, index } of definition.exports) exports.set(name, frame.coreEntity(sort, index));
      builder.decoding.charge(exports.size);
      frame.coreInstances.push((name) => valid(exports.get(name)));
      break;
    }
    case "core-type":
      break;
    case "component":
      frame.push({
        sort: "component",
        component: { from: "bytes", binary: definition.component, scope: frame, memo: undefined },
      });
      break;
    case "instantiate": {
      const given = new Map<string, Entity>();
      for (const { name, sort, index } of definition.arguments) given.set(name, frame.entity(sort, index));
      builder.decoding.charge(given.size);
      const component = valid(frame.components[definition.component]);
      frame.push({ sort: "instance", instance: instantiate(builder, frame, component, given) });
      break;
    }
    case "bag": {
      const exports = new Map<string, Entity>();
      for (const { name, sort, index } of definition.exports) {
        exports.set(name.name, named(frame.entity(sort, index), name.name));
      }
      builder.decoding.charge(exports.size);
      frame.push({ sort: "instance", instance: { exports } });
      break;
    }
    case "alias":
      defineAlias(frame, definition.target);
      break;
    case "type": {
      const { type } = definition;
      const entity = type.sort === "resource" ? ownResource(builder, frame, type) : evaluateType(builder, frame, type);
      frame.push({ sort: "type", type: entity });
      break;
    }
    case "canon":
      evaluateCanon(builder, frame, definition.canon);
      break;
    case "start":
      builder.addStart(valid(frame.functions[definition.function]).index);
      break;
    case "import":
      evaluateImport(builder, frame, definition, args);
      break;
    case "export":
      evaluateExport(builder, frame, definition);
      break;
  }
}

function instantiateModule(
  builder: PlanBuilder,
  frame: Frame,
  index: number,
  definitions: readonly CoreArgumentDefinition[],
): CoreInstance {
  const { plan, imports, type } = valid(frame.modules[index]);
  const given = new Map<string, CoreInstance>();
  for (const { name, instance } of definitions) given.set(name, valid(frame.coreInstances[instance]));
  builder.decoding.charge(given.size + imports.length);
  const args = imports.map(({ module, name }): CoreArgument => ({
    module,
    name,
    item: valid(given.get(module))(name).item,
  }));
  const instance = frame.instanceIn(builder);
  const exported = builder.addInstantiation({ step: "instantiate", module: plan, instance, arguments: args });
  return (name) => {
    const extern = valid(type.exports.get(name));
    return { item: exported(name), address64: extern.kind === "memory" && extern.limits.address64 };
  };
}

function instantiate(
  builder: PlanBuilder,
  around: Frame,
  component: Component,
  args: ReadonlyMap<string, Entity>,
): Instance {
  if (component.from === "type") {
    builder.refuse("an instance of a component that it imports; compose the two before they are loaded");
    return evaluateBody(builder, component.type, { imports: args });
  }
  if (args.size === 0 && component.memo !== undefined) return component.memo;
  const before = builder.extent;
  const frame = new Frame(component.scope, around);
  evaluateDefinitions(builder, frame, component.binary, args);
  const instance = { exports: frame.exports };
  if (args.size === 0 && builder.extent === before) component.memo = instance;
  return instance;
}

function ownResource(builder: PlanBuilder, frame: Frame, { rep, destructor }: ResourceTypeDefinition) {
  return builder.addResource({
    from: "definition",
    instance: frame.instanceIn(builder),
    ...(destructor === undefined ? {} : { destructor: frame.coreEntity("function", destructor).item }),
    rep64: rep === "i64",
  });
}

function evaluateImport(
  builder: PlanBuilder,
  frame: Frame,
  { name: extern, type }: ImportDefinition,
  args: ReadonlyMap<string, Entity> | undefined,
): void {
  const { name } = extern;
  const actual = args === undefined ? undefined : valid(args.get(name));
  const declared = evaluateExtern(builder, frame, type, actual, [name]);
  // An argument keeps the name it has outside; the import's own is often one that a toolchain made up.
  const entity = actual === undefined ? named(declared, name) : declared;
  frame.imports.set(name, entity);
  frame.importNames.set(name, extern);
  frame.push(entity);
}

function evaluateExport(
  builder: PlanBuilder,
  frame: Frame,
  { name: extern, sort, index, ascribed }: ExportDefinition,
): void {
  const { name } = extern;
  const actual = frame.entity(sort, index);
  const entity = named(ascribed === undefined ? actual : evaluateExtern(builder, frame, ascribed, actual, []), name);
  frame.exports.set(name, entity);
  frame.exportNames.set(name, extern);
  frame.push(entity);
}
