import type { ComponentBinary, Definition, ExportDefinition, ExternType } from "../binary/definitions.ts";
import type { Decoding } from "../binary/decoding.ts";
import { defineAlias } from "./aliases.ts";
import { defineCanon } from "./canon/canon.ts";
import { finishComponentType } from "./types/component-type.ts";
import { CoreTypes, type ModuleType } from "./core/core-types.ts";
import { defineCoreType, defineType } from "./types/define-type.ts";
import { addExtern, declaredEntity } from "./externs.ts";
import { bagOfExports, coreBag, instantiateComponent, instantiateModule } from "./instances.ts";
import { invalid } from "./invalid.ts";
import { typeOfModule } from "./core/module-type.ts";
import { Scope, Validation } from "./scope.ts";
import { entityMismatch } from "./types/subtype.ts";
import type { ComponentType, Entity } from "./types/types.ts";

/** What planning needs to know of a valid component. */
export interface ValidComponent {
  readonly type: ComponentType;
  /** The type of each core module, by its position among all of the bytes. */
  readonly modules: readonly ModuleType[];
  /** The module types of what is declared to be a module. */
  readonly declaredModules: ReadonlyMap<ExternType, ModuleType>;
}

/**
 * Checks a component with all that is nested in it against every rule of the component model
 * (https://github.com/WebAssembly/component-model/blob/main/design/mvp/Explainer.md). The code of core modules is left to
 * the engine that compiles them.
 *
 * @throws MalformedError if it is not valid, naming the byte of the definition.
 * @throws CordonError `limit` when a bound is exceeded.
 */
export function validateComponent(decoding: Decoding, component: ComponentBinary): ValidComponent {
  const validation = new Validation(decoding, new CoreTypes());
  const modules: ModuleType[] = [];
  const type = validateNested(validation, component, undefined, modules);
  return { type, modules, declaredModules: validation.declaredModules };
}

function validateNested(
  validation: Validation,
  component: ComponentBinary,
  parent: Scope | undefined,
  modules: ModuleType[],
): ComponentType {
  const scope = new Scope("component", parent, validation.decoding);
  for (const definition of component.definitions) {
    validation.charge(1);
    define(validation, scope, definition, modules);
  }
  return finishComponentType(validation, scope, component.definitions.length, component.offset);
}

function define(validation: Validation, scope: Scope, definition: Definition, modules: ModuleType[]): void {
  const { offset } = definition;
  const { decoding } = validation;
  switch (definition.kind) {
    case "core-module": {
      const type = typeOfModule(validation.coreTypes, definition.module);
      modules[definition.module.index] = type;
      scope.modules.push(type);
      break;
    }
    case "core-instantiate":
      scope.hasEffects = true;
      decoding.count("coreInstances");
      scope.coreInstances.push(instantiateModule(validation, scope, definition.module, definition.arguments, offset));
      break;
    case "core-bag":
      decoding.count("coreInstances");
      scope.coreInstances.push(coreBag(scope, definition.exports, offset));
      break;
    case "core-type":
      defineCoreType(validation, scope, definition.type, offset);
      break;
    case "component":
      scope.components.push(validateNested(validation, definition.component, scope, modules));
      break;
    case "instantiate": {
      const type = instantiateComponent(validation, scope, definition.component, definition.arguments, offset);
      scope.push({ sort: "instance", type }, decoding);
      break;
    }
    case "bag":
      scope.push({ sort: "instance", type: bagOfExports(validation, scope, definition.exports, offset) }, decoding);
      break;
    case "alias":
      defineAlias(validation, scope, definition.target, offset);
      break;
    case "type":
      defineType(validation, scope, definition.type, offset);
      break;
    case "canon":
      scope.hasEffects = true;
      defineCanon(validation, scope, definition.canon, offset);
      break;
    case "start":
      scope.hasEffects = true;
      checkStart(scope, definition.function, offset);
      break;
    case "import":
      addExtern(
        validation,
        scope,
        "import",
        definition.name,
        declaredEntity(validation, scope, definition.type, offset),
        offset,
      );
      break;
    case "export":
      addExtern(validation, scope, "export", definition.name, exported(validation, scope, definition, offset), offset);
      break;
  }
}

/** What is exported, by the type that it is ascribed where it is. */
function exported(validation: Validation, scope: Scope, definition: ExportDefinition, offset: number): Entity {
  const found = scope.entity(definition.sort, definition.index, offset);
  const actual: Entity = found.sort === "type" ? { ...found, created: validation.unique(found.created) } : found;
  if (definition.ascribed === undefined) return actual;
  const ascribed = declaredEntity(validation, scope, definition.ascribed, offset);
  const problem = entityMismatch(validation, actual, ascribed);
  if (problem !== undefined) invalid(`an export does not have the type that it is ascribed: ${problem}`, offset);
  return ascribed;
}

function checkStart(scope: Scope, index: number, offset: number): void {
  if (scope.hasStart) invalid("a component has a second start function", offset);
  const { parameters, result } = scope.functionAt(index, offset);
  if (parameters.length > 0 || result !== undefined) {
    invalid("the start function of a component has parameters or a result that it is not given", offset);
  }
  scope.hasStart = true;
}
