import type {
  ComponentInterface,
  WitField,
  WitFunction,
  WitInterface,
  WitType,
  WitWorldSide,
} from "../../shared/wit/wit.ts";
import type { Decoding } from "../binary/decoding.ts";
import type { ExternName } from "../binary/definitions.ts";
import type { Entity, FunctionType, Instance, Resource, Shape } from "./entities.ts";
import type { Frame } from "./frame.ts";
import { WitTypes } from "./wit-types.ts";

type Other = WitWorldSide["other"][number];

/** Writes out what a component imports and exports. */
export function toInterface(decoding: Decoding, root: Frame): ComponentInterface {
  const writer = new InterfaceWriter(decoding);
  const imports = writer.side(root.imports, root.importNames);
  return { imports, exports: writer.side(root.exports, root.exportNames) };
}

class InterfaceWriter {
  readonly #types: WitTypes;
  readonly #decoding: Decoding;
  /**
   * Which instance shows a resource or value type first, or `undefined` for the world itself: that is where it is
   * defined, every later one got it from there.
   */
  readonly #owners: Map<Resource | Shape, Instance | undefined> = new Map();

  constructor(decoding: Decoding) {
    this.#decoding = decoding;
    this.#types = new WitTypes(decoding);
  }

  side(items: ReadonlyMap<string, Entity>, names: ReadonlyMap<string, ExternName>): WitWorldSide {
    const interfaces: WitInterface[] = [];
    const functions: WitFunction[] = [];
    const other: Other[] = [];
    for (const [name, entity] of items) {
      this.#types.chargeName(name);
      switch (entity.sort) {
        case "instance": {
          interfaces.push({ ...this.#interface(name, entity.instance), ...fullName(names.get(name)) });
          const kind = foreignKind(entity.instance);
          if (kind !== undefined) other.push({ name, kind });
          break;
        }
        case "function":
          functions.push(this.#function(name, entity.type));
          break;
        case "type":
          if (this.#isNewAtRoot(entity)) other.push({ name, kind: "resource" });
          break;
        case "component":
        case "module":
          other.push({ name, kind: entity.sort });
          break;
      }
    }
    return { interfaces, functions, other };
  }

  #interface(name: string, instance: Instance): WitInterface {
    const functions: WitFunction[] = [];
    const resources: string[] = [];
    const types: WitField[] = [];
    // Two imports can share one instance type without resources; each of them defines its types then.
    const seen = new Set<Resource | Shape>();
    for (const [itemName, entity] of instance.exports) {
      this.#types.chargeName(itemName);
      if (entity.sort === "function") functions.push(this.#function(itemName, entity.type));
      if (entity.sort !== "type") continue;
      const { type } = entity;
      if (type.sort === "resource") {
        if (this.#defines(type.resource, instance, seen)) resources.push(itemName);
      } else if (type.sort === "value" && isNameable(type.shape) && this.#defines(type.shape, instance, seen)) {
        types.push({ name: itemName, type: this.#types.convert(type) });
      }
    }
    return { name, functions, resources, types };
  }

  #defines(identity: Resource | Shape, instance: Instance, seen: Set<Resource | Shape>): boolean {
    if (!this.#owners.has(identity)) this.#owners.set(identity, instance);
    if (seen.has(identity) || this.#owners.get(identity) !== instance) return false;
    seen.add(identity);
    return true;
  }

  /** Resources that come in or go out through the world itself; types it `use`s from an interface are known by then. */
  #isNewAtRoot(entity: Entity & { readonly sort: "type" }): boolean {
    const { type } = entity;
    if (type.sort !== "resource" && type.sort !== "value") return false;
    const identity = type.sort === "resource" ? type.resource : type.shape;
    if (this.#owners.has(identity)) return false;
    this.#owners.set(identity, undefined);
    return type.sort === "resource";
  }

  #function(name: string, type: FunctionType): WitFunction {
    const parameters = type.parameters.map((parameter) => {
      this.#decoding.charge(1);
      this.#types.chargeName(parameter.name);
      return { name: parameter.name, type: this.#types.convert(parameter.type) };
    });
    const result: WitType | undefined = type.result === undefined ? undefined : this.#types.convert(type.result);
    return { name, parameters, ...(result === undefined ? {} : { result }), async: type.async };
  }
}

/** The full name of an interface, where the one that it is imported or exported by is another. */
function fullName(extern: ExternName | undefined): Pick<WitInterface, "implements"> {
  if (extern?.implements === undefined && extern?.versionSuffix === undefined) return {};
  return { implements: (extern.implements ?? extern.name) + (extern.versionSuffix ?? "") };
}

/** Whether WIT data has a place for this type's name. */
function isNameable(shape: Shape): boolean {
  return shape.kind !== "primitive" && shape.kind !== "own" && shape.kind !== "borrow";
}

/** What an instance exports that no WIT interface can, if anything; a nested instance counts as a component's. */
function foreignKind(instance: Instance): Other["kind"] | undefined {
  for (const { sort } of instance.exports.values()) {
    if (sort === "module" || sort === "component") return sort;
    if (sort === "instance") return "component";
  }
  return undefined;
}
