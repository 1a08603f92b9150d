import type { Decoding } from "../binary/decoding.ts";
import type { GlobalType, MemoryType, TableType } from "../binary/core-definitions.ts";
import type { ExternType, Sort } from "../binary/definitions.ts";
import type { CoreExtern, CoreTypeId, CoreTypes, ModuleType } from "./core/core-types.ts";
import { invalid } from "./invalid.ts";
import type { Named } from "./types/named-types.ts";
import {
  type AnyType,
  type ComponentType,
  type Entity,
  extentOf,
  type FunctionType,
  type InstanceType,
  type InstantiationCost,
  Resource,
  type ResourceType,
  type TypeExtent,
  type ValueType,
} from "./types/types.ts";

/** What all scopes of one component share. */
export class Validation {
  readonly decoding: Decoding;
  readonly coreTypes: CoreTypes;
  /** The module types of what is declared to be a module. */
  readonly declaredModules: Map<ExternType, ModuleType> = new Map();
  #names = 0;

  constructor(decoding: Decoding, coreTypes: CoreTypes) {
    this.decoding = decoding;
    this.coreTypes = coreTypes;
  }

  readonly charge = (steps: number): void => this.decoding.charge(steps);

  /** The same type as an object of its own, which is distinct from the first. */
  unique<T extends AnyType>(type: T): T;
  unique(type: AnyType): AnyType {
    this.#names += 1;
    return type.sort === "resource" ? type.resource.use(this.#names) : { ...type, open: true };
  }

  newResource(): ResourceType {
    this.decoding.charge(2);
    return new Resource().use(0);
  }

  /** Adds up the extent of a type that consists of others, within the bounds. */
  extent(parts: Iterable<TypeExtent | undefined>): TypeExtent {
    const extent = new ExtentSum(this.decoding);
    for (const part of parts) if (part !== undefined) extent.add(part);
    return extent;
  }
}

/** The extent of a type while it is being put together. */
export class ExtentSum implements TypeExtent {
  size = 1;
  depth = 1;
  open = false;
  readonly #decoding: Decoding;

  constructor(decoding: Decoding) {
    this.#decoding = decoding;
  }

  add(part: TypeExtent): void {
    this.size += part.size;
    this.depth = Math.max(this.depth, part.depth + 1);
    this.open ||= part.open;
    this.#decoding.checkTypeSize(this.size);
    this.#decoding.checkTypeDepth(this.depth);
  }
}

/** The names that resources have among the imports, or the exports. */
export interface ResourceNames {
  readonly byType: Map<ResourceType, string>;
  readonly names: Set<string>;
}

/** The imports, or the exports, so far. */
export interface Externs {
  readonly items: Map<string, Entity>;
  /** The names in the form in which they are compared. */
  readonly canonical: Set<string>;
  readonly resources: ResourceNames;
}

function noExterns(): Externs {
  return { items: new Map(), canonical: new Set(), resources: { byType: new Map(), names: new Set() } };
}

/** What a scope belongs to. */
export type ScopeKind = "component" | "component-type" | "instance-type";

/** The index spaces of a component, component type or instance type, and what is known of it so far. */
export class Scope {
  readonly kind: ScopeKind;
  readonly parent: Scope | undefined;

  /** Core types; a module type has no number, and is in `moduleTypes` at the same index. */
  readonly coreTypes: (CoreTypeId | undefined)[] = [];
  readonly moduleTypes: (ModuleType | undefined)[] = [];
  readonly coreFunctions: CoreTypeId[] = [];
  readonly tables: TableType[] = [];
  readonly memories: MemoryType[] = [];
  readonly globals: GlobalType[] = [];
  readonly tags: CoreTypeId[] = [];
  readonly modules: ModuleType[] = [];
  readonly coreInstances: ReadonlyMap<string, CoreExtern>[] = [];

  readonly types: AnyType[] = [];
  readonly functions: FunctionType[] = [];
  readonly instances: InstanceType[] = [];
  readonly components: ComponentType[] = [];

  readonly imports: Externs = noExterns();
  readonly exports: Externs = noExterns();
  /** Abstract resources, with the names by which the arguments of an instantiation hold them. */
  readonly importedResources: Map<Resource, readonly string[]> = new Map();
  /** Resources that each instance has of its own; those of the component itself with their representation. */
  readonly definedResources: Map<Resource, "i32" | "i64" | undefined> = new Map();
  readonly named: { readonly imported: Named; readonly exported: Named } = { imported: new Set(), exported: new Set() };
  readonly extent: ExtentSum;
  /** The sum of the types that were aliased into it from outside. */
  readonly outerAliases: ExtentSum;
  /** The type of the context's slots, once a built-in has said it. */
  contextType: "i32" | "i64" | undefined;
  hasStart: boolean = false;
  /** Whether an instance has anything of its own: core instances, functions or resources. */
  hasEffects: boolean = false;
  /** Steps of instantiations of others, and how deep they are. */
  readonly #inner: { steps: number; depth: number } = { steps: 0, depth: 0 };

  constructor(kind: ScopeKind, parent: Scope | undefined, decoding: Decoding) {
    this.kind = kind;
    this.parent = parent;
    this.extent = new ExtentSum(decoding);
    this.outerAliases = new ExtentSum(decoding);
  }

  entity(sort: Sort, index: number, offset: number): Entity {
    switch (sort) {
      case "function":
        return { sort, type: this.functionAt(index, offset) };
      case "instance":
        return { sort, type: at(this.instances, "instance", index, offset) };
      case "component":
        return { sort, type: at(this.components, "component", index, offset) };
      case "module":
        return { sort, type: this.moduleAt(index, offset) };
      case "type": {
        const type = this.typeAt(index, offset);
        return { sort, created: type, referenced: type };
      }
    }
  }

  typeAt(index: number, offset: number): AnyType {
    return at(this.types, "type", index, offset);
  }

  valueTypeAt(index: number, offset: number): ValueType {
    const type = this.typeAt(index, offset);
    return type.sort === "value" ? type : invalid(`type ${index} is used as a value type but is none`, offset);
  }

  resourceAt(index: number, offset: number): ResourceType {
    const type = this.typeAt(index, offset);
    return type.sort === "resource" ? type : invalid(`type ${index} is used as a resource but is none`, offset);
  }

  functionTypeAt(index: number, offset: number): FunctionType {
    const type = this.typeAt(index, offset);
    return type.sort === "function" ? type : invalid(`type ${index} is used as a function's type but is none`, offset);
  }

  instanceTypeAt(index: number, offset: number): InstanceType {
    const type = this.typeAt(index, offset);
    return type.sort === "instance" ? type : invalid(`type ${index} is used as an instance type but is none`, offset);
  }

  componentTypeAt(index: number, offset: number): ComponentType {
    const type = this.typeAt(index, offset);
    return type.sort === "component" ? type : invalid(`type ${index} is used as a component type but is none`, offset);
  }

  functionAt(index: number, offset: number): FunctionType {
    return at(this.functions, "function", index, offset);
  }

  moduleAt(index: number, offset: number): ModuleType {
    return at(this.modules, "core module", index, offset);
  }

  coreFunctionAt(index: number, offset: number): CoreTypeId {
    return at(this.coreFunctions, "core function", index, offset);
  }

  coreInstanceAt(index: number, offset: number): ReadonlyMap<string, CoreExtern> {
    return at(this.coreInstances, "core instance", index, offset);
  }

  memoryAt(index: number, offset: number): MemoryType {
    return at(this.memories, "memory", index, offset);
  }

  coreTypeAt(index: number, offset: number): CoreTypeId | ModuleType {
    return (
      this.moduleTypes[index] ??
      this.coreTypes[index] ??
      invalid(`core type ${index} is not defined before its use`, offset)
    );
  }

  /** What a core instance is given, or exports. */
  coreExtern(sort: CoreExtern["kind"], index: number, offset: number): CoreExtern {
    switch (sort) {
      case "function":
        return { kind: sort, type: this.coreFunctionAt(index, offset) };
      case "tag":
        return { kind: sort, type: at(this.tags, "tag", index, offset) };
      case "table":
        return at(this.tables, "table", index, offset);
      case "memory":
        return this.memoryAt(index, offset);
      case "global":
        return at(this.globals, "global", index, offset);
    }
  }

  pushCore(extern: CoreExtern): void {
    switch (extern.kind) {
      case "function":
        this.coreFunctions.push(extern.type);
        break;
      case "tag":
        this.tags.push(extern.type);
        break;
      case "table":
        this.tables.push(extern);
        break;
      case "memory":
        this.memories.push(extern);
        break;
      case "global":
        this.globals.push(extern);
        break;
    }
  }

  push(entity: Entity, decoding: Decoding): void {
    switch (entity.sort) {
      case "function":
        this.functions.push(entity.type);
        decoding.count("functions");
        break;
      case "type":
        this.types.push(entity.created);
        decoding.count("types");
        break;
      case "instance":
        this.instances.push(entity.type);
        decoding.count("instances");
        break;
      case "component":
        this.components.push(entity.type);
        break;
      case "module":
        this.modules.push(entity.type);
        break;
    }
  }

  /** The scope that many levels outwards. */
  outer(count: number, offset: number): Scope {
    if (count === 0) return this;
    // `parent` runs out after the bound of nesting at the latest, whatever the count.
    const parent = this.parent ?? invalid("an alias reaches further outwards than it is nested", offset);
    return parent.outer(count - 1, offset);
  }

  /** Takes note of an instantiation in it. */
  addInstantiation({ steps, depth }: InstantiationCost): void {
    this.#inner.steps += steps;
    this.#inner.depth = Math.max(this.#inner.depth, depth);
    this.hasEffects ||= steps > 0;
  }

  /** What an instantiation of it takes, which has so many definitions. */
  instantiation(definitions: number): InstantiationCost {
    const isRepeated = this.hasEffects || this.imports.items.size > 0;
    return { steps: isRepeated ? 1 + definitions + this.#inner.steps : 0, depth: 1 + this.#inner.depth };
  }

  addExtent(entity: Entity): void {
    this.extent.add(extentOf(entity));
  }
}

function at<T>(space: readonly T[], what: string, index: number, offset: number): T {
  return space[index] ?? invalid(`${what} ${index} is not defined before its use`, offset);
}
