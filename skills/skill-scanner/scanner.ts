import { buildReport } from "./report.ts";
import { scan } from "./scan.ts";

/** The `scanner` interface of `sandbox:skill`. */
export const scanner: { scanCode(code: string): string } = {
  /**
   * Looks for security problems in the code or document of an agent skill. Python is analysed closely, JavaScript,
   * TypeScript and shell more simply, and in other text only destinations and hidden characters are found.
   *
   * Returns the report as JSON. Never throws; only the first 4,000,000 characters are read.
   */
  scanCode(code: string): string {
    return JSON.stringify(buildReport(code, scan(code)));
  },
};
