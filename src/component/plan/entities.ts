/**
 * What the definitions of a component stand for once it is instantiated. Types are the actual ones: where a component is
 * given a resource or a type, it is that of whoever gave it.
 */

import type { CoreItem, PlanModule, ResourceIndex } from "../../shared/plan/plan.ts";
import type { WitPrimitive } from "../../shared/wit/wit.ts";
import type { BodyTypeDefinition, ComponentBinary } from "../binary/definitions.ts";
import type { ModuleType } from "../validate/core/core-types.ts";
import type { Frame } from "./frame.ts";

/** Identity of a resource type; `name` is the first name it was given, for uses that have none of their own. */
export interface Resource {
  readonly index: ResourceIndex;
  name: string | undefined;
}

/** A value type's structure. Component types refer backwards only, so this is a graph without cycles, shared freely. */
export type Shape =
  | { readonly kind: "primitive"; readonly primitive: WitPrimitive }
  | { readonly kind: "own" | "borrow"; readonly resource: ResourceType }
  | { readonly kind: "record"; readonly fields: readonly LabelledType[] }
  | { readonly kind: "variant"; readonly cases: readonly LabelledCase[] }
  | { readonly kind: "list"; readonly element: ValueType; readonly length: number | undefined }
  | { readonly kind: "tuple"; readonly elements: readonly ValueType[] }
  | { readonly kind: "flags" | "enum"; readonly names: readonly string[] }
  | { readonly kind: "option"; readonly element: ValueType }
  | { readonly kind: "stream" | "future"; readonly element: ValueType | undefined }
  | { readonly kind: "result"; readonly ok: ValueType | undefined; readonly err: ValueType | undefined }
  | { readonly kind: "map"; readonly key: ValueType; readonly value: ValueType };

export interface LabelledCase {
  readonly name: string;
  readonly type: ValueType | undefined;
}

export interface LabelledType {
  readonly name: string;
  readonly type: ValueType;
}

export interface ValueType {
  readonly sort: "value";
  readonly shape: Shape;
  /** The name under which this use of the type was imported or exported. */
  readonly name: string | undefined;
}

export interface ResourceType {
  readonly sort: "resource";
  readonly resource: Resource;
  readonly name: string | undefined;
}

export interface FunctionType {
  readonly sort: "function";
  readonly parameters: readonly LabelledType[];
  readonly result: ValueType | undefined;
  readonly async: boolean;
}

/** An instance or component type, evaluated anew for each use: each has resources and functions of its own. */
export interface BodyType {
  readonly sort: "instance" | "component";
  readonly definition: BodyTypeDefinition;
  readonly scope: Frame;
}

export type TypeEntity = ValueType | ResourceType | FunctionType | BodyType;

export interface FunctionEntity {
  readonly sort: "function";
  /** Its index in the plan. */
  readonly index: number;
  readonly type: FunctionType;
}

/** A component instance: what it exports. */
export interface Instance {
  readonly exports: ReadonlyMap<string, Entity>;
}

/** A component that can be instantiated: one of the bytes with what is around it, or an imported one, by its type. */
export type Component =
  | {
      readonly from: "bytes";
      readonly binary: ComponentBinary;
      readonly scope: Frame;
      /** What it becomes without arguments, if nothing is to be done for it. */
      memo: Instance | undefined;
    }
  | { readonly from: "type"; readonly type: BodyType };

export interface Module {
  readonly plan: PlanModule;
  /** What it imports, in its order. */
  readonly imports: readonly { readonly module: string; readonly name: string }[];
  readonly type: ModuleType;
}

/** Anything a component can import, export or pass as an argument. */
export type Entity =
  | FunctionEntity
  | { readonly sort: "type"; readonly type: TypeEntity }
  | { readonly sort: "instance"; readonly instance: Instance }
  | { readonly sort: "component"; readonly component: Component }
  | { readonly sort: "module"; readonly module: Module };

/** A core definition; of memories, whether addresses are of 64 bits. */
export interface CoreEntity {
  readonly item: CoreItem;
  readonly address64: boolean;
}

/** What a core instance exports. */
export type CoreInstance = (name: string) => CoreEntity;

/** The same entity under a name it is imported or exported by; only types carry names. */
export function named(entity: Entity, name: string): Entity {
  if (entity.sort !== "type") return entity;
  const { type } = entity;
  if (type.sort === "value") return { sort: "type", type: { ...type, name } };
  if (type.sort !== "resource") return entity;
  type.resource.name ??= name;
  return { sort: "type", type: { ...type, name } };
}
