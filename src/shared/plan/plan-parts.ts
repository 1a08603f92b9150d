import type { Plan, PlanExport, PlanType, TypeIndex } from "./plan.ts";

/** The export at a path: names from the root inwards. */
export function exportAt(plan: Plan, path: readonly string[]): PlanExport | undefined {
  let { exports } = plan;
  let found: PlanExport | undefined;
  for (const name of path) {
    found = exports.find((one) => one.name === name);
    exports = found?.kind === "instance" ? found.exports : [];
  }
  return found;
}

/** The types that a type is made of, in the order of `partsOfType` of the WIT type. */
export function partsOfPlanType(type: PlanType): readonly (TypeIndex | undefined)[] {
  switch (type.kind) {
    case "list":
    case "option":
    case "stream":
    case "future":
      return [type.element];
    case "record":
      return type.fields.map((field) => field.type);
    case "tuple":
      return type.elements;
    case "variant":
      return type.cases.map((one) => one.type);
    case "result":
      return [type.ok, type.err];
    case "map":
      return [type.key, type.value];
    default:
      return [];
  }
}
