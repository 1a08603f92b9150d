import type { Plan, TypeIndex } from "../../shared/plan/plan.ts";
import { CordonError } from "../../shared/errors.ts";
import { printFunctionType } from "../../shared/wit/print-wit.ts";
import { functionHoldsHandle } from "../../shared/wit/wit-handles.ts";
import { exportAt, partsOfPlanType } from "../../shared/plan/plan-parts.ts";
import { partsOfType, type WitFunction, type WitType } from "../../shared/wit/wit.ts";
import type { CallableExport } from "../loading/exports.ts";

/** What the plan knows of an exported function and its WIT type does not say. */
export interface ExportedResources {
  /** The resource that each handle type within the function's type is of, by its index in the plan: names can be those of several. */
  readonly byType: ReadonlyMap<WitType, number>;
}

/** Of a function without any. */
export const NO_RESOURCES: ExportedResources = { byType: new Map() };

const known = new WeakMap<WitFunction, ExportedResources & { readonly isHosts: boolean }>();

/**
 * Finds the resources of an exported function, by going through its type in WIT and in the plan side by side.
 *
 * @param plan Absent for a core module.
 * @throws CordonError `unsupported` for a function of the host's with handles that the component exports as it is.
 */
export function exportedResourcesOf(plan: Plan | undefined, called: CallableExport): ExportedResources {
  const { path, function: fn, name } = called;
  if (plan === undefined || !functionHoldsHandle(fn)) return NO_RESOURCES;
  const found = known.get(fn) ?? findResources(plan, path, fn);
  known.set(fn, found);
  if (!found.isHosts) return found;
  const type = printFunctionType(fn, { names: true });
  throw new CordonError(
    "unsupported",
    `Cannot call ${name}: it is the host's own, exported as it is, and its handles are the component's: ${type}`,
  );
}

function findResources(
  plan: Plan,
  path: readonly string[],
  fn: WitFunction,
): ExportedResources & { readonly isHosts: boolean } {
  const exported = exportAt(plan, path);
  const target = exported?.kind === "function" ? plan.functions[exported.function] : undefined;
  const type = target === undefined ? undefined : plan.functionTypes[target.type];
  if (target === undefined || type === undefined) throw new Error(`the plan has no function ${path.join("#")}`);
  const byType = new Map<WitType, number>();
  const visit = pairVisitor(plan, byType);
  for (const [index, parameter] of fn.parameters.entries()) visit(parameter.type, type.parameters[index]?.type);
  visit(fn.result, type.result);
  return { byType, isHosts: target.from === "import" };
}

function pairVisitor(
  { types }: Plan,
  byType: Map<WitType, number>,
): (wit: WitType | undefined, index: TypeIndex | undefined) => void {
  const seen = new Set<WitType>();
  const visit = (wit: WitType | undefined, index: TypeIndex | undefined): void => {
    const type = index === undefined ? undefined : types[index];
    if (wit === undefined || type === undefined || seen.has(wit)) return;
    seen.add(wit);
    if ((wit.kind === "own" || wit.kind === "borrow") && type.kind === wit.kind) {
      byType.set(wit, type.resource);
      return;
    }
    const indices = partsOfPlanType(type);
    for (const [position, part] of partsOfType(wit).entries()) visit(part, indices[position]);
  };
  return visit;
}
