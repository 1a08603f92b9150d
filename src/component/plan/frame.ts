import type { ComponentInstanceIndex } from "../../shared/plan/plan.ts";
import type { CoreSort } from "../binary/core-definitions.ts";
import type { ExternName, Sort } from "../binary/definitions.ts";
import type {
  Component,
  CoreEntity,
  CoreInstance,
  Entity,
  FunctionEntity,
  Instance,
  Module,
  TypeEntity,
} from "./entities.ts";
import type { PlanBuilder } from "./plan-builder.ts";

/** The index spaces of one instance of a component, or of a type that is being evaluated. */
export class Frame {
  readonly parent: Frame | undefined;
  readonly types: TypeEntity[] = [];
  readonly functions: FunctionEntity[] = [];
  readonly instances: Instance[] = [];
  readonly components: Component[] = [];
  readonly modules: Module[] = [];
  readonly coreInstances: CoreInstance[] = [];
  readonly core: Readonly<Record<CoreSort, CoreEntity[]>> = {
    function: [],
    table: [],
    memory: [],
    global: [],
    tag: [],
  };
  readonly imports: Map<string, Entity> = new Map();
  readonly exports: Map<string, Entity> = new Map();
  /** The names of imports and exports with their attributes. */
  readonly importNames: Map<string, ExternName> = new Map();
  readonly exportNames: Map<string, ExternName> = new Map();
  /** The component instance around the one that this frame is of, in the plan. */
  readonly #around: Frame | undefined;
  #instance: ComponentInstanceIndex | undefined;

  /**
   * @param parent What outer aliases refer to.
   * @param around The frame of the component that instantiates this one.
   */
  constructor(parent: Frame | undefined, around: Frame | undefined) {
    this.parent = parent;
    this.#around = around;
  }

  /** Its index in the plan, where it gets a place when it is first needed: many components only rename things. */
  instanceIn(builder: PlanBuilder): ComponentInstanceIndex {
    this.#instance ??= builder.addComponentInstance(this.#around?.instanceIn(builder));
    return this.#instance;
  }

  push(entity: Entity): void {
    switch (entity.sort) {
      case "function":
        this.functions.push(entity);
        break;
      case "type":
        this.types.push(entity.type);
        break;
      case "instance":
        this.instances.push(entity.instance);
        break;
      case "component":
        this.components.push(entity.component);
        break;
      case "module":
        this.modules.push(entity.module);
        break;
    }
  }

  entity(sort: Sort, index: number): Entity {
    switch (sort) {
      case "function":
        return valid(this.functions[index]);
      case "type":
        return { sort, type: this.type(index) };
      case "instance":
        return { sort, instance: valid(this.instances[index]) };
      case "component":
        return { sort, component: valid(this.components[index]) };
      case "module":
        return { sort, module: valid(this.modules[index]) };
    }
  }

  type(index: number): TypeEntity {
    return valid(this.types[index]);
  }

  coreEntity(sort: CoreSort, index: number): CoreEntity {
    return valid(this.core[sort][index]);
  }

  outer(count: number): Frame {
    return count === 0 ? this : valid(this.parent).outer(count - 1);
  }
}

/** What validation has made sure of. That it is missing would be a fault of this program, never the component's. */
export function valid<T>(item: T | undefined): T {
  if (item === undefined) throw new Error("A component passed validation and refers to what is not there");
  return item;
}
