import { byLine } from "./collector.ts";
import type { Category, Finding, Hit, Severity } from "./finding.ts";
import { CATEGORIES, SEVERITIES } from "./finding.ts";

/** How many findings a report lists; the most severe are chosen. `total_findings` counts the others too. */
const MAX_LISTED = 1_000;

/** What one finding takes off a score of 1. */
const SEVERITY_WEIGHTS: Readonly<Record<Severity, number>> = {
  critical: 0.4,
  high: 0.25,
  medium: 0.1,
  low: 0.05,
};

/** The scanner's answer. Field names are part of its interface. */
export interface ScanReport {
  /** At most {@link MAX_LISTED}, by line. */
  readonly findings: readonly Finding[];
  /** From 0, dangerous, to 1, nothing found. */
  readonly safety_score: number;
  readonly summary: string;
  /** All findings, those not listed included; the collector counts at most 10,000 of each severity. */
  readonly total_findings: number;
  readonly findings_by_severity: Readonly<Record<Severity, number>>;
}

const MAX_CONTEXT = 200;

const VERDICTS: readonly (readonly [below: number, word: string])[] = [
  [0.3, "DANGEROUS"],
  [0.6, "RISKY"],
  [0.8, "SUSPICIOUS"],
  [1, "MINOR CONCERNS"],
];

/** Builds the report of one scan. `hits` come with the most severe first. */
export function buildReport(code: string, hits: readonly Hit[]): ScanReport {
  const counts: Record<Severity, number> = { critical: 0, high: 0, medium: 0, low: 0 };
  const categories = new Set<Category>();
  for (const hit of hits) {
    counts[hit.severity] += 1;
    categories.add(hit.category);
  }
  const score = scoreOf(counts);
  return {
    findings: withContext(code, hits.slice(0, MAX_LISTED)).sort(byLine),
    safety_score: score,
    summary: summarise(score, hits.length, counts, categories),
    total_findings: hits.length,
    findings_by_severity: counts,
  };
}

/** clamp(1 - sum of weights, 0, 1), to two decimals: every weight is a multiple of 0.05. */
function scoreOf(counts: Readonly<Record<Severity, number>>): number {
  let score = 1;
  for (const severity of SEVERITIES) score -= counts[severity] * SEVERITY_WEIGHTS[severity];
  return Math.max(0, Math.round(score * 100) / 100);
}

function summarise(
  score: number,
  total: number,
  counts: Readonly<Record<Severity, number>>,
  categories: ReadonlySet<Category>,
): string {
  if (total === 0) return "SAFE: No issues found.";
  const word = VERDICTS.find(([below]) => score < below)?.[1] ?? "SAFE";
  const parts = SEVERITIES.filter((severity) => counts[severity] > 0).map(
    (severity) => `${counts[severity]} ${severity}`,
  );
  const named = CATEGORIES.filter((category) => categories.has(category)).map((name) => name.replaceAll("_", " "));
  return `${word}: Found ${total} issues (${parts.join(", ")}). Categories: ${named.join(", ")}.`;
}

/** Adds the source line to each hit. One pass over the code, whatever the number of hits. */
function withContext(code: string, hits: readonly Hit[]): Finding[] {
  const wanted = new Set(hits.map((hit) => hit.line));
  const contexts = new Map<number, string>();
  let line = 1;
  let start = 0;
  while (start <= code.length && contexts.size < wanted.size) {
    const end = endOfLine(code, start);
    if (wanted.has(line)) contexts.set(line, cut(code, start, end));
    start = code[end] === "\r" && code[end + 1] === "\n" ? end + 2 : end + 1;
    line += 1;
  }
  return hits.map((hit) => ({
    category: hit.category,
    severity: hit.severity,
    line: hit.line,
    context: contexts.get(hit.line) ?? "",
    description: hit.description,
  }));
}

function endOfLine(code: string, start: number): number {
  for (let at = start; at < code.length; at++) {
    const unit = code.charCodeAt(at);
    if (unit === 10 || unit === 13) return at;
  }
  return code.length;
}

/** The trimmed line, at most 200 characters, never ending in half a surrogate pair. */
function cut(code: string, from: number, to: number): string {
  let start = from;
  while (start < to && (code[start] ?? "").trim() === "") start++;
  const text = code.slice(start, Math.min(to, start + MAX_CONTEXT)).trimEnd();
  return text.toWellFormed();
}
