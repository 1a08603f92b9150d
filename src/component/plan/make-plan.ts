import type { Plan, PlanExport, PlanImport } from "../../shared/plan/plan.ts";
import type { ComponentInterface } from "../../shared/wit/wit.ts";
import type { Decoding } from "../binary/decoding.ts";
import type { ComponentBinary } from "../binary/definitions.ts";
import type { ValidComponent } from "../validate/validate-component.ts";
import type { Entity } from "./entities.ts";
import { evaluateRoot } from "./evaluate-component.ts";
import { PlanBuilder } from "./plan-builder.ts";
import { toInterface } from "./to-interface.ts";

/** What comes of planning: the interface, and the plan or why there can be none. */
export interface Planned {
  readonly interface: ComponentInterface;
  readonly plan: Plan | undefined;
  /** What the component uses that is not supported, if anything: the rest of a sentence that begins "it uses". */
  readonly unsupported: string | undefined;
}

/**
 * Plans the instantiation of a valid component: each nested component is written out for each instantiation of it, so that
 * what is left are core modules, the functions between them, and resources.
 *
 * @throws CordonError `limit` when a bound is exceeded.
 */
export function makePlan(decoding: Decoding, binary: ComponentBinary, valid: ValidComponent): Planned {
  const builder = new PlanBuilder(decoding, valid);
  const root = evaluateRoot(builder, binary);
  for (const [name, entity] of root.imports) addImports(builder, [name], entity);
  const exports = [...root.exports].map(([name, entity]) => toExport(builder, name, entity));
  const described = toInterface(decoding, root);
  const { unsupported } = builder;
  return { interface: described, plan: unsupported === undefined ? builder.finish(exports) : undefined, unsupported };
}

function addImports(builder: PlanBuilder, path: readonly string[], entity: Entity): void {
  builder.decoding.charge(1);
  switch (entity.sort) {
    case "function":
      builder.imports.push({ path, kind: "function", type: builder.functionType(entity.type) });
      break;
    case "instance":
      builder.imports.push({ path, kind: "instance" });
      for (const [name, item] of entity.instance.exports) addImports(builder, [...path, name], item);
      break;
    case "type":
      builder.imports.push(typeImport(builder, path, entity));
      break;
    case "module":
    case "component":
      builder.imports.push({ path, kind: entity.sort });
      break;
  }
}

/** A resource type that is imported elsewhere already is only another name of it here. */
function typeImport(
  builder: PlanBuilder,
  path: readonly string[],
  { type }: Extract<Entity, { readonly sort: "type" }>,
): PlanImport {
  if (type.sort !== "resource") return { path, kind: "type" };
  const { index } = type.resource;
  return builder.isImportedAt(index, path) ? { path, kind: "resource", resource: index } : { path, kind: "type" };
}

function toExport(builder: PlanBuilder, name: string, entity: Entity): PlanExport {
  builder.decoding.charge(1);
  switch (entity.sort) {
    case "function":
      return { name, kind: "function", function: entity.index };
    case "instance": {
      const exports = [...entity.instance.exports].map(([inner, item]) => toExport(builder, inner, item));
      return { name, kind: "instance", exports };
    }
    case "type":
      return entity.type.sort === "resource"
        ? { name, kind: "resource", resource: entity.type.resource.index }
        : { name, kind: "type" };
    case "module":
      return { name, kind: "module", module: entity.module.plan };
    case "component":
      return { name, kind: "component" };
  }
}
