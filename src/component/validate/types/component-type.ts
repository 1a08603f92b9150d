import { isOpen } from "./open.ts";
import { invalid } from "../invalid.ts";
import { explicitPaths, freeResources } from "./resources.ts";
import type { Scope, Validation } from "../scope.ts";
import type { ComponentType, ResourcePath } from "./types.ts";

/**
 * The type of a component, or a component type, all of whose definitions are in the scope.
 *
 * @param definitions How many there are to evaluate when it is instantiated; 0 of a component type.
 */
export function finishComponentType(
  { charge }: Validation,
  scope: Scope,
  definitions: number,
  offset: number,
): ComponentType {
  const [imports, exports] = [scope.imports.items, scope.exports.items];
  const { definedResources } = scope;
  const inImports = definedResources.size === 0 ? undefined : freeResources(charge, imports.values());
  if (inImports !== undefined && [...definedResources.keys()].some((resource) => inImports.has(resource))) {
    invalid("an import refers to a resource that the component defines", offset);
  }
  const inExports = definedResources.size === 0 ? undefined : freeResources(charge, exports.values());
  const shown = [...definedResources.keys()].filter((resource) => inExports?.has(resource) === true);
  const paths = explicitPaths(charge, exports, shown);
  const defined = shown.map((resource): ResourcePath => {
    const path = paths.get(resource);
    if (path === undefined)
      invalid("an export refers to a resource of the component that is not exported itself", offset);
    return { resource, path };
  });
  const imported = [...scope.importedResources].map(([resource, path]): ResourcePath => ({ resource, path }));
  const instantiation = scope.instantiation(definitions);
  const { size, depth } = scope.extent;
  const open = [...imports.values(), ...exports.values()].some(isOpen);
  return { sort: "component", imports, exports, imported, defined, instantiation, size, depth, open };
}
