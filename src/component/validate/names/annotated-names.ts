import type { ParsedName } from "./names.ts";
import type { ResourceNames } from "../scope.ts";
import type { Entity, FunctionType, ResourceType, ValueType } from "../types/types.ts";

/**
 * Why what is imported or exported cannot have that name; undefined when it can. Constructors, methods and static
 * functions are functions of a resource that has a name beside them.
 */
export function checkAnnotation(parsed: ParsedName, entity: Entity, names: ResourceNames): string | undefined {
  if (parsed.kind === "label" || parsed.kind === "interface") return undefined;
  if (entity.sort !== "function") return `a ${entity.sort} is not a function`;
  switch (parsed.kind) {
    case "constructor":
      return checkConstructor(entity.type, parsed.resource, names);
    case "method":
      return checkMethod(entity.type, parsed.resource, names);
    case "static":
      return names.names.has(parsed.resource) ? undefined : "there is no resource of that name";
  }
}

function checkConstructor({ async, result }: FunctionType, name: string, names: ResourceNames): string | undefined {
  if (async) return "a constructor cannot be async";
  if (result === undefined) return "a constructor returns a value";
  const { shape } = result;
  const made = handleOf(result, "own") ?? (shape.kind === "result" ? handleOf(shape.ok, "own") : undefined);
  if (made === undefined) return "a constructor returns its resource, or a result of it";
  return checkResource(made, name, names);
}

function checkMethod({ parameters }: FunctionType, name: string, names: ResourceNames): string | undefined {
  const self = parameters[0];
  if (self?.name !== "self") return "the first parameter of a method is called self";
  const resource = handleOf(self.type, "borrow");
  if (resource === undefined) return "the first parameter of a method is a borrowed handle";
  return checkResource(resource, name, names);
}

function handleOf(type: ValueType | undefined, kind: "own" | "borrow"): ResourceType | undefined {
  return type?.shape.kind === kind ? type.shape.resource : undefined;
}

function checkResource(resource: ResourceType, name: string, names: ResourceNames): string | undefined {
  const known = names.byType.get(resource);
  if (known === undefined) return "its resource has no name here";
  return known === name ? undefined : "its resource has another name here";
}
