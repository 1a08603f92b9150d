import { Budget } from "./budget.ts";
import { FindingCollector } from "./collector.ts";
import { analysePython } from "./python.ts";
import { buildReport } from "./report.ts";

export const scanner = {
  scanCode(code: string): string {
    const collector = new FindingCollector();
    analysePython(code, { report: (hit) => collector.add(hit), budget: new Budget(8_000_000), nested: () => false });
    return JSON.stringify(buildReport(code, collector.sorted()));
  },
};
