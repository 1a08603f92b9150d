import { type AnyType, childrenOf, type Entity, type InstanceType, type Resource, type ResourcePath } from "./types.ts";

/** The resources that types and what is exported refer to, less those that they declare themselves. */
export function freeResources(charge: (steps: number) => void, roots: Iterable<Entity | AnyType>): Set<Resource> {
  const found = new Set<Resource>();
  const bound = new Set<Resource>();
  const seen = new Set<AnyType>();
  const visitEntity = (entity: Entity): void => {
    if (entity.sort === "type") visit(entity.created);
    else if (entity.sort !== "module") visit(entity.type);
  };
  const visit = (type: AnyType): void => {
    if (!type.open || seen.has(type)) return;
    seen.add(type);
    charge(1);
    switch (type.sort) {
      case "resource":
        found.add(type.resource);
        break;
      case "value": {
        const { shape } = type;
        if (shape.kind === "own" || shape.kind === "borrow") visit(shape.resource);
        for (const child of childrenOf(shape)) if (child !== undefined) visit(child);
        break;
      }
      case "function":
        for (const parameter of type.parameters) visit(parameter.type);
        if (type.result !== undefined) visit(type.result);
        break;
      case "instance":
        for (const entity of type.exports.values()) visitEntity(entity);
        for (const resource of type.defined) bound.add(resource);
        break;
      case "component":
        for (const entity of type.imports.values()) visitEntity(entity);
        for (const entity of type.exports.values()) visitEntity(entity);
        for (const { resource } of [...type.imported, ...type.defined]) bound.add(resource);
        break;
    }
  };
  for (const root of roots) {
    if ("created" in root || "type" in root) visitEntity(root);
    else visit(root);
  }
  for (const resource of bound) found.delete(resource);
  return found;
}

/**
 * Where each of the resources is exported as a type: at once, or by an instance that is exported. Those that are nowhere
 * are left out.
 */
export function explicitPaths(
  charge: (steps: number) => void,
  exports: ReadonlyMap<string, Entity>,
  resources: Iterable<Resource>,
): ReadonlyMap<Resource, readonly string[]> {
  const remaining = new Set(resources);
  const paths = new Map<Resource, readonly string[]>();
  const searched = new Set<InstanceType>();
  const search = (items: ReadonlyMap<string, Entity>, above: readonly string[]): void => {
    for (const [name, entity] of items) {
      if (remaining.size === 0) return;
      charge(1);
      if (entity.sort === "type" && entity.created.sort === "resource") {
        const { resource } = entity.created;
        if (remaining.delete(resource)) paths.set(resource, [...above, name]);
      } else if (entity.sort === "instance" && !searched.has(entity.type)) {
        searched.add(entity.type);
        search(entity.type.exports, [...above, name]);
      }
    }
  };
  search(exports, []);
  return paths;
}

/** The entity at a path, if there is one. */
export function entityAt(items: ReadonlyMap<string, Entity>, { path }: ResourcePath): Entity | undefined {
  let at: ReadonlyMap<string, Entity> | undefined = items;
  let entity: Entity | undefined;
  for (const name of path) {
    entity = at?.get(name);
    at = entity?.sort === "instance" ? entity.type.exports : undefined;
  }
  return entity;
}
