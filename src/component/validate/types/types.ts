/**
 * Component-level types as validation sees them. Two objects of the same structure are equal types; which object it is
 * matters where a type has to have a name: each import and export of a type makes an object of its own.
 */

import type { WitPrimitive } from "../../../shared/wit/wit.ts";
import type { ModuleType } from "../core/core-types.ts";

/** The identity of a resource type. */
export class Resource {
  // Most resources have one name or two, and hostile components have many resources.
  #first: ResourceType | undefined;
  #others: Map<number, ResourceType> | undefined;

  /** This resource under the name with that number; the same object for the same number. */
  use(name: number): ResourceType {
    if (this.#first === undefined || this.#first.name === name) {
      this.#first ??= { sort: "resource", resource: this, name, open: true, size: 1, depth: 1 };
      return this.#first;
    }
    this.#others ??= new Map();
    const known = this.#others.get(name);
    if (known !== undefined) return known;
    const use: ResourceType = { ...this.#first, name };
    this.#others.set(name, use);
    return use;
  }
}

/** How large a type is when it is written out as a tree, and how many levels it then has. */
export interface TypeExtent {
  readonly size: number;
  readonly depth: number;
  /** Whether a substitution of resources or named types can change it. */
  readonly open: boolean;
}

export interface ResourceType extends TypeExtent {
  readonly sort: "resource";
  readonly resource: Resource;
  /** Distinguishes its names. */
  readonly name: number;
}

export interface Labelled {
  readonly name: string;
  readonly type: ValueType;
}

export interface Case {
  readonly name: string;
  readonly type: ValueType | undefined;
}

export type Shape =
  | { readonly kind: "primitive"; readonly primitive: WitPrimitive }
  | { readonly kind: "record"; readonly fields: readonly Labelled[] }
  | { readonly kind: "variant"; readonly cases: readonly Case[] }
  | { readonly kind: "list"; readonly element: ValueType; readonly length: number | undefined }
  | { readonly kind: "tuple"; readonly elements: readonly ValueType[] }
  | { readonly kind: "flags" | "enum"; readonly names: readonly string[] }
  | { readonly kind: "option"; readonly element: ValueType }
  | { readonly kind: "result"; readonly ok: ValueType | undefined; readonly err: ValueType | undefined }
  | { readonly kind: "own" | "borrow"; readonly resource: ResourceType }
  | { readonly kind: "stream" | "future"; readonly element: ValueType | undefined }
  | { readonly kind: "map"; readonly key: ValueType; readonly value: ValueType };

export interface ValueType extends TypeExtent {
  readonly sort: "value";
  readonly shape: Shape;
  /** Bytes that a value takes in a memory of 64-bit addresses, and their alignment. */
  readonly bytes: number;
  readonly alignment: number;
  /** Whether a borrowed handle is in it. */
  readonly borrows: boolean;
  /** Whether a string, list or map is in it, which lives elsewhere in memory. */
  readonly pointers: boolean;
}

export interface FunctionType extends TypeExtent {
  readonly sort: "function";
  readonly parameters: readonly Labelled[];
  readonly result: ValueType | undefined;
  readonly async: boolean;
}

export interface InstanceType extends TypeExtent {
  readonly sort: "instance";
  readonly exports: ReadonlyMap<string, Entity>;
  /** The resources that the type declares, which each instance has of its own. Actual instances have none. */
  readonly defined: readonly Resource[];
}

/** Where a resource is found: names of imports or exports, inwards. */
export interface ResourcePath {
  readonly resource: Resource;
  readonly path: readonly string[];
}

export interface ComponentType extends TypeExtent {
  readonly sort: "component";
  readonly imports: ReadonlyMap<string, Entity>;
  readonly exports: ReadonlyMap<string, Entity>;
  readonly imported: readonly ResourcePath[];
  /** The resources that each instance has of its own and shows. */
  readonly defined: readonly ResourcePath[];
  readonly instantiation: InstantiationCost;
}

/** What it takes to instantiate a component, with all that it instantiates itself. Of what is imported that is not known. */
export interface InstantiationCost {
  /** Definitions that are evaluated; 0 when each instance is as good as another, so that one is enough. */
  readonly steps: number;
  /** How many components are inside each other then. */
  readonly depth: number;
}

export type AnyType = ValueType | ResourceType | FunctionType | InstanceType | ComponentType;

/** What can be imported, exported and passed. */
export type Entity =
  | { readonly sort: "module"; readonly type: ModuleType }
  | { readonly sort: "function"; readonly type: FunctionType }
  | { readonly sort: "instance"; readonly type: InstanceType }
  | { readonly sort: "component"; readonly type: ComponentType }
  | {
      readonly sort: "type";
      /** The type as it has a name here. */
      readonly created: AnyType;
      /** The type that it was before; the same when it is new. */
      readonly referenced: AnyType;
    };

const SORT_NAMES = {
  value: "value type",
  resource: "resource",
  function: "function type",
  instance: "instance type",
  component: "component type",
} as const;

export function sortName({ sort }: AnyType): string {
  return SORT_NAMES[sort];
}

/** The extent of what an import or export is. */
export function extentOf(entity: Entity): TypeExtent {
  if (entity.sort === "module") return { size: entity.type.size, depth: 1, open: false };
  return entity.sort === "type" ? entity.referenced : entity.type;
}

/** The value types that a value type consists of. */
export function childrenOf(shape: Shape): readonly (ValueType | undefined)[] {
  switch (shape.kind) {
    case "record":
      return shape.fields.map(({ type }) => type);
    case "variant":
      return shape.cases.map(({ type }) => type);
    case "tuple":
      return shape.elements;
    case "list":
    case "option":
    case "stream":
    case "future":
      return [shape.element];
    case "result":
      return [shape.ok, shape.err];
    case "map":
      return [shape.key, shape.value];
    case "primitive":
    case "flags":
    case "enum":
    case "own":
    case "borrow":
      return [];
  }
}
