import type { Finding, Hit, Severity } from "./finding.ts";

/** How many findings of one severity are kept and counted. A flood of mild ones cannot crowd out a severe one. */
const MAX_PER_SEVERITY = 10_000;

const RANK: Readonly<Record<Severity, number>> = { critical: 0, high: 1, medium: 2, low: 3 };

/** Gathers hits of one scan and merges those about the same thing on the same line. */
export class FindingCollector {
  readonly #hits: Map<string, Hit> = new Map();
  readonly #kept: Record<Severity, number> = { critical: 0, high: 0, medium: 0, low: 0 };

  /** Records a hit, unless a hit at least as severe about the same subject stands on that line. */
  add(hit: Hit): void {
    const key = `${hit.line} ${hit.category} ${hit.subject ?? hit.description}`;
    const known = this.#hits.get(key);
    if (known !== undefined) {
      if (RANK[known.severity] <= RANK[hit.severity]) return;
      this.#kept[known.severity] -= 1;
    } else if (this.#kept[hit.severity] >= MAX_PER_SEVERITY) {
      return;
    }
    this.#kept[hit.severity] += 1;
    this.#hits.set(key, hit);
  }

  /** All hits, the most severe first, then by line. */
  sorted(): Hit[] {
    return [...this.#hits.values()].sort((a, b) => RANK[a.severity] - RANK[b.severity] || a.line - b.line);
  }
}

/** Orders findings as a reader meets them: by line, on one line the most severe first. */
export function byLine(a: Finding, b: Finding): number {
  return a.line - b.line || RANK[a.severity] - RANK[b.severity];
}
