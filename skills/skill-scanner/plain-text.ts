import type { Report } from "./finding.ts";
import { suspiciousDestinations } from "./indicators.ts";
import { tokeniseJavaScript } from "./javascript-tokens.ts";

/** What the analysis needs of the scan it is part of. */
export interface TextContext {
  readonly report: Report;
  nested(code: string, line: number, how: string): boolean;
}

/** Reads text that is no program, such as configuration: destinations, and code inside quoted strings. */
export function analyseText(code: string, scan: TextContext): void {
  for (const [at, line] of code.split("\n").entries()) {
    const comment = /^\s*(?:#|\/\/)/.test(line) ? 0 : line.indexOf(" #");
    findDestinations(comment === -1 ? line : line.slice(0, comment), at + 1, scan.report);
  }
  for (const { kind, text, line } of tokeniseJavaScript(code)) {
    if (kind === "string" && text.length >= 16 && text.includes("(")) scan.nested(text, line, "In a string: ");
  }
}

/** Reports the destinations that a text names. */
export function findDestinations(text: string, line: number, report: Report): void {
  for (const { severity, description } of suspiciousDestinations(text)) {
    report({ category: "suspicious_network", severity, line, description });
  }
}
