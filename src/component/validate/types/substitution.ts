import {
  type AnyType,
  type ComponentType,
  type Entity,
  type FunctionType,
  type InstanceType,
  type Resource,
  type ResourcePath,
  type ResourceType,
  type Shape,
  type ValueType,
} from "./types.ts";

/**
 * Puts actual resources, and types that have a name elsewhere, in place of those that an import or a declaration stands
 * for. A type is rewritten once, however often it occurs.
 */
export class Substitution {
  readonly resources: ReadonlyMap<Resource, Resource>;
  readonly #types: Map<AnyType, AnyType>;
  readonly #charge: (steps: number) => void;

  /** @param types What becomes of types as a whole, without visiting what is in them. */
  constructor(
    charge: (steps: number) => void,
    resources: ReadonlyMap<Resource, Resource>,
    types: Map<AnyType, AnyType> = new Map(),
  ) {
    this.#charge = charge;
    this.resources = resources;
    this.#types = types;
  }

  entities(entities: ReadonlyMap<string, Entity>): ReadonlyMap<string, Entity> {
    this.#charge(entities.size);
    let changed = false;
    const rewritten = new Map<string, Entity>();
    for (const [name, entity] of entities) {
      const after = this.entity(entity);
      changed ||= after !== entity;
      rewritten.set(name, after);
    }
    return changed ? rewritten : entities;
  }

  entity(entity: Entity): Entity {
    switch (entity.sort) {
      case "module":
        return entity;
      case "function": {
        const type = this.#function(entity.type);
        return type === entity.type ? entity : { sort: "function", type };
      }
      case "instance": {
        const type = this.#instance(entity.type);
        return type === entity.type ? entity : { sort: "instance", type };
      }
      case "component": {
        const type = this.#component(entity.type);
        return type === entity.type ? entity : { sort: "component", type };
      }
      case "type": {
        const referenced = this.#any(entity.referenced);
        const created = entity.created === entity.referenced ? referenced : this.#any(entity.created);
        const same = referenced === entity.referenced && created === entity.created;
        return same ? entity : { sort: "type", referenced, created };
      }
    }
  }

  #any(type: AnyType): AnyType {
    switch (type.sort) {
      case "value":
        return this.#value(type);
      case "resource":
        return this.#resource(type);
      case "function":
        return this.#function(type);
      case "instance":
        return this.#instance(type);
      case "component":
        return this.#component(type);
    }
  }

  #resource(type: ResourceType): ResourceType {
    const whole = this.#types.get(type);
    if (whole?.sort === "resource") return whole;
    return this.resources.get(type.resource)?.use(type.name) ?? type;
  }

  #value(type: ValueType): ValueType {
    return this.#once(type, () => {
      const shape = this.#shape(type.shape);
      return shape === type.shape ? type : { ...type, shape };
    });
  }

  #shape(shape: Shape): Shape {
    const value = (type: ValueType): ValueType => this.#value(type);
    const optional = (type: ValueType | undefined): ValueType | undefined => type && this.#value(type);
    switch (shape.kind) {
      case "primitive":
      case "flags":
      case "enum":
        return shape;
      case "record": {
        const fields = shape.fields.map(({ name, type }) => ({ name, type: value(type) }));
        return fields.every(({ type }, index) => type === shape.fields[index]?.type) ? shape : { ...shape, fields };
      }
      case "variant": {
        const cases = shape.cases.map(({ name, type }) => ({ name, type: optional(type) }));
        return cases.every(({ type }, index) => type === shape.cases[index]?.type) ? shape : { ...shape, cases };
      }
      case "tuple": {
        const elements = shape.elements.map(value);
        return elements.every((type, index) => type === shape.elements[index]) ? shape : { ...shape, elements };
      }
      case "list":
      case "option": {
        const element = value(shape.element);
        return element === shape.element ? shape : { ...shape, element };
      }
      case "stream":
      case "future": {
        const element = optional(shape.element);
        return element === shape.element ? shape : { ...shape, element };
      }
      case "result": {
        const [ok, err] = [optional(shape.ok), optional(shape.err)];
        return ok === shape.ok && err === shape.err ? shape : { ...shape, ok, err };
      }
      case "map": {
        const [key, element] = [value(shape.key), value(shape.value)];
        return key === shape.key && element === shape.value ? shape : { ...shape, key, value: element };
      }
      case "own":
      case "borrow": {
        const resource = this.#resource(shape.resource);
        return resource === shape.resource ? shape : { ...shape, resource };
      }
    }
  }

  #function(type: FunctionType): FunctionType {
    return this.#once(type, () => {
      const parameters = type.parameters.map(({ name, type: one }) => ({ name, type: this.#value(one) }));
      const result = type.result && this.#value(type.result);
      const same =
        result === type.result && parameters.every(({ type: one }, index) => one === type.parameters[index]?.type);
      return same ? type : { ...type, parameters, result };
    });
  }

  #instance(type: InstanceType): InstanceType {
    return this.#once(type, () => {
      const exports = this.entities(type.exports);
      const defined = this.#replaced(type.defined);
      return exports === type.exports && defined === type.defined ? type : { ...type, exports, defined };
    });
  }

  #component(type: ComponentType): ComponentType {
    return this.#once(type, () => {
      const [imports, exports] = [this.entities(type.imports), this.entities(type.exports)];
      const [imported, defined] = [this.#paths(type.imported), this.#paths(type.defined)];
      const same =
        imports === type.imports && exports === type.exports && imported === type.imported && defined === type.defined;
      return same ? type : { ...type, imports, exports, imported, defined };
    });
  }

  #replaced(list: readonly Resource[]): readonly Resource[] {
    if (!list.some((resource) => this.resources.has(resource))) return list;
    return list.map((resource) => this.resources.get(resource) ?? resource);
  }

  #paths(list: readonly ResourcePath[]): readonly ResourcePath[] {
    if (!list.some(({ resource }) => this.resources.has(resource))) return list;
    return list.map(({ resource, path }) => ({ resource: this.resources.get(resource) ?? resource, path }));
  }

  #once<T extends AnyType>(type: T, rewrite: () => T): T {
    // What replaces a type is of its sort: they were compared before.
    const known = this.#types.get(type) as T | undefined;
    if (known !== undefined) return known;
    if (!type.open) return type;
    this.#charge(1 + ("parameters" in type ? type.parameters.length : 1));
    const rewritten = rewrite();
    this.#types.set(type, rewritten);
    return rewritten;
  }
}
