import type { CoreExternType, CoreModuleBinary, CoreSort } from "../../binary/core-definitions.ts";
import type { ModuleDeclaration } from "../../binary/definitions.ts";
import {
  type CoreExtern,
  type CoreTypeId,
  type CoreTypes,
  type ModuleType,
  resolvedReference,
  resolvedValue,
} from "./core-types.ts";
import { invalid, quoted } from "../invalid.ts";

/** Collects the imports and exports of a module, whose types are in an index space of its own. */
class ModuleTypeBuilder {
  readonly space: (CoreTypeId | undefined)[] = [];
  readonly imports: Map<string, Map<string, CoreExtern>> = new Map();
  readonly exports: Map<string, CoreExtern> = new Map();
  readonly types: CoreTypes;
  #size = 1;

  constructor(types: CoreTypes) {
    this.types = types;
  }

  extern(type: CoreExternType, offset: number): CoreExtern {
    const resolve = (index: number): number =>
      this.space[index] ?? invalid(`core type ${index} is not defined before its use`, offset);
    switch (type.kind) {
      case "function":
      case "tag": {
        const id = resolve(type.type);
        const signature = this.types.functionType(id);
        if (signature === undefined) return invalid(`core type ${type.type} is not a function's`, offset);
        if (type.kind === "tag" && signature.results.length > 0) invalid("a tag has results", offset);
        this.#size += signature.parameters.length + signature.results.length;
        return { kind: type.kind, type: id };
      }
      case "table":
        return { ...type, element: resolvedReference(type.element, resolve) };
      case "global":
        return { ...type, type: resolvedValue(type.type, resolve) };
      case "memory":
        return type;
    }
  }

  addImport(module: string, name: string, extern: CoreExtern, offset: number): void {
    const names = this.imports.get(module) ?? new Map<string, CoreExtern>();
    if (names.has(name)) {
      invalid(`the module imports ${quoted(module)} ${quoted(name)} twice, which components do not allow`, offset);
    }
    names.set(name, extern);
    this.imports.set(module, names);
    this.#size += 1;
  }

  addExport(name: string, extern: CoreExtern, offset: number): void {
    if (this.exports.has(name)) invalid(`the module exports ${quoted(name)} twice`, offset);
    this.exports.set(name, extern);
    this.#size += 1;
  }

  finish(): ModuleType {
    return { imports: this.imports, exports: this.exports, size: this.#size };
  }
}

/** The type of a core module. */
export function typeOfModule(types: CoreTypes, module: CoreModuleBinary): ModuleType {
  const builder = new ModuleTypeBuilder(types);
  for (const group of module.types) {
    const problem = types.add(group, builder.space);
    if (problem !== undefined) invalid(problem, group.offset);
  }
  const imported: Record<CoreSort, CoreExtern[]> = { function: [], table: [], memory: [], global: [], tag: [] };
  for (const { module: from, name, type, offset } of module.imports) {
    const extern = builder.extern(type, offset);
    builder.addImport(from, name, extern, offset);
    imported[type.kind].push(extern);
  }
  const define = (sort: CoreSort, index: number): CoreExternType | undefined => {
    switch (sort) {
      case "function":
      case "tag": {
        const type = sort === "function" ? module.functions[index] : module.tags[index];
        return type === undefined ? undefined : { kind: sort, type };
      }
      case "table":
        return module.tables[index];
      case "memory":
        return module.memories[index];
      case "global":
        return module.globals[index];
    }
  };
  for (const { name, sort, index, offset } of module.exports) {
    const ofImport = imported[sort][index];
    if (ofImport !== undefined) {
      builder.addExport(name, ofImport, offset);
      continue;
    }
    const defined = define(sort, index - imported[sort].length);
    if (defined === undefined) invalid(`the module has no ${sort} ${index} to export`, offset);
    builder.addExport(name, builder.extern(defined, offset), offset);
  }
  return builder.finish();
}

/**
 * The module type that declarations make.
 *
 * @param outer The core type of the component that is that many levels outwards.
 */
export function typeOfDeclarations(
  types: CoreTypes,
  declarations: readonly ModuleDeclaration[],
  outer: (count: number, index: number, offset: number) => CoreTypeId | ModuleType,
): ModuleType {
  const builder = new ModuleTypeBuilder(types);
  for (const declaration of declarations) {
    const { offset } = declaration;
    switch (declaration.kind) {
      case "type": {
        const problem = types.add(declaration.group, builder.space);
        if (problem !== undefined) invalid(problem, offset);
        break;
      }
      case "outer-type": {
        const { count, index } = declaration;
        const type = count === 0 ? builder.space[index] : outer(count - 1, index, offset);
        if (type === undefined) invalid(`core type ${index} is not defined before its use`, offset);
        if (typeof type === "object") invalid("a module type cannot be aliased into another", offset);
        builder.space.push(type);
        break;
      }
      case "import":
        builder.addImport(declaration.module, declaration.name, builder.extern(declaration.type, offset), offset);
        break;
      case "export":
        builder.addExport(declaration.name, builder.extern(declaration.type, offset), offset);
        break;
    }
  }
  return builder.finish();
}
