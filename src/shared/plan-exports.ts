import type { Plan, PlanExport } from "./plan.ts";

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
