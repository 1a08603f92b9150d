import type { ByteReader } from "../../shared/byte-reader.ts";
import type { WitPrimitive } from "../../shared/wit.ts";

/** Identity of a resource type; `name` is the first name it was given, for uses that have none of their own. */
export interface Resource {
  name: string | undefined;
}

/** A value type's structure. Component types refer backwards only, so this is a graph without cycles, shared freely. */
export type Shape = PrimitiveShape | HandleShape | CompoundShape;

export interface PrimitiveShape {
  readonly kind: "primitive";
  readonly primitive: WitPrimitive;
}

export interface HandleShape {
  readonly kind: "own" | "borrow";
  readonly resource: ResourceType;
}

export type CompoundShape =
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
  /** Number of levels when written out as a tree. */
  readonly depth: number;
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

/** An instance or component type: its declarations, evaluated anew for each use that makes resource types of its own. */
export interface BodyType {
  readonly sort: "instance" | "component";
  /** Where the declarations begin. */
  readonly start: number;
  readonly scope: Frame;
  /** What it evaluates to, once it is known to be the same every time. */
  memo: Instance | undefined;
}

export type TypeEntity = ValueType | ResourceType | FunctionType | BodyType;

/** A component instance, as far as types go. */
export interface Instance {
  readonly exports: ReadonlyMap<string, Entity>;
}

/** A component that can be instantiated: bytes with the scope they were found in, or an imported one by its type. */
export type Component =
  | {
      readonly from: "bytes";
      readonly start: number;
      readonly end: number;
      readonly scope: Frame;
      memo: Instance | undefined;
    }
  | { readonly from: "type"; readonly type: BodyType };

/** Anything a component can import, export or pass as an argument. */
export type Entity =
  | { readonly sort: "function"; readonly type: FunctionType }
  | { readonly sort: "type"; readonly type: TypeEntity }
  | { readonly sort: "instance"; readonly instance: Instance }
  | { readonly sort: "component"; readonly component: Component }
  | { readonly sort: "module" }
  | { readonly sort: "value" };

export type Sort = Entity["sort"];

/** The index spaces of one component, component type or instance type. */
export class Frame {
  readonly parent: Frame | undefined;
  /** Whether these bytes are walked for the first time, so that definitions are counted once. */
  readonly first: boolean;
  readonly types: TypeEntity[] = [];
  readonly functions: FunctionType[] = [];
  readonly instances: Instance[] = [];
  readonly components: Component[] = [];
  readonly imports: Map<string, Entity> = new Map();
  readonly exports: Map<string, Entity> = new Map();
  /** Spaces of which only the size matters to component-level types. */
  modules: number = 0;
  values: number = 0;
  coreTypes: number = 0;
  coreInstances: number = 0;

  constructor(parent: Frame | undefined, first: boolean) {
    this.parent = parent;
    this.first = first;
  }

  /** Appends to the index space of the entity's sort. */
  push(entity: Entity): void {
    switch (entity.sort) {
      case "function":
        this.functions.push(entity.type);
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
        this.modules += 1;
        break;
      case "value":
        this.values += 1;
        break;
    }
  }

  /** The entity at `index` of a space; `reader` is where the index was read, for the error. */
  at(sort: Sort, index: number, reader: ByteReader): Entity {
    return this.#find(sort, index) ?? missing(reader, sort, index);
  }

  #find(sort: Sort, index: number): Entity | undefined {
    switch (sort) {
      case "function":
        return ifPresent(this.functions[index], (type) => ({ sort, type }));
      case "type":
        return ifPresent(this.types[index], (type) => ({ sort, type }));
      case "instance":
        return ifPresent(this.instances[index], (instance) => ({ sort, instance }));
      case "component":
        return ifPresent(this.components[index], (component) => ({ sort, component }));
      case "module":
        return index < this.modules ? { sort } : undefined;
      case "value":
        return index < this.values ? { sort } : undefined;
    }
    return undefined;
  }

  type(index: number, reader: ByteReader): TypeEntity {
    return this.types[index] ?? missing(reader, "type", index);
  }

  /** The frame `count` levels outwards. */
  outer(count: number, reader: ByteReader): Frame {
    if (count === 0) return this;
    // `parent` runs out after the nesting bound at the latest, whatever the count.
    const parent = this.parent ?? reader.fail("an alias reaches further outwards than it is nested");
    return parent.outer(count - 1, reader);
  }
}

function ifPresent<T>(item: T | undefined, toEntity: (item: T) => Entity): Entity | undefined {
  return item === undefined ? undefined : toEntity(item);
}

/** Fails for an index that does not name an earlier definition. */
export function missing(reader: ByteReader, what: string, index: number): never {
  return reader.fail(`${what} ${index} is not defined before its use`);
}

/** The same entity under a name it is imported or exported by; only types carry names. */
export function named(entity: Entity, name: string): Entity {
  if (entity.sort !== "type") return entity;
  const { type } = entity;
  if (type.sort === "value") return { sort: "type", type: { ...type, name } };
  if (type.sort !== "resource") return entity;
  type.resource.name ??= name;
  return { sort: "type", type: { ...type, name } };
}
