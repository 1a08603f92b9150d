import { CordonError } from "../shared/errors.ts";

/** Severities, the worst first. */
export const SEVERITIES = ["critical", "high", "medium", "low"] as const;

/** How bad a finding is. */
export type Severity = (typeof SEVERITIES)[number];

/** One place in the code that the scanner points at. */
export interface Finding {
  readonly category: string;
  readonly severity: Severity;
  /** From 1. */
  readonly line: number;
  /** The line itself, trimmed and cut. */
  readonly context: string;
  readonly description: string;
}

/** What a scan gives. */
export interface ScanReport {
  readonly findings: readonly Finding[];
  /** From 0, dangerous, to 1, nothing found. */
  readonly safety_score: number;
  readonly summary: string;
  readonly total_findings: number;
  readonly findings_by_severity: Readonly<Record<Severity, number>>;
}

/**
 * Reads the JSON that the scanner guest returned. It is a guest like any other, so its word is checked.
 *
 * @throws CordonError `host` when it is no report.
 */
export function parseReport(text: unknown): ScanReport {
  try {
    const parsed: unknown = JSON.parse(String(text));
    if (isReport(parsed)) return parsed;
  } catch (thrown) {
    throw notAReport(thrown);
  }
  throw notAReport();
}

/** Whether a report has a finding of that severity or a worse one. */
export function hasFindingAtLeast(report: ScanReport, threshold: Severity): boolean {
  const limit = SEVERITIES.indexOf(threshold);
  return report.findings.some(({ severity }) => SEVERITIES.indexOf(severity) <= limit);
}

function notAReport(cause?: unknown): CordonError {
  return new CordonError("host", "Cannot scan: the scanner did not return a report", { cause });
}

function isReport(value: unknown): value is ScanReport {
  if (!isObject(value)) return false;
  const { findings, safety_score: score, summary, total_findings: total, findings_by_severity: counts } = value;
  return (
    Array.isArray(findings) &&
    findings.every(isFinding) &&
    typeof score === "number" &&
    typeof summary === "string" &&
    typeof total === "number" &&
    isObject(counts) &&
    SEVERITIES.every((severity) => typeof counts[severity] === "number")
  );
}

function isFinding(value: unknown): value is Finding {
  return (
    isObject(value) &&
    typeof value["category"] === "string" &&
    SEVERITIES.some((severity) => severity === value["severity"]) &&
    typeof value["line"] === "number" &&
    typeof value["context"] === "string" &&
    typeof value["description"] === "string"
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
