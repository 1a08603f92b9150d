/** The kinds of problem the scanner reports. */
export const CATEGORIES = [
  "api_exfiltration",
  "suspicious_network",
  "credential_access",
  "obfuscated_code",
  "dangerous_imports",
] as const;

/** One of {@link CATEGORIES}. */
export type Category = (typeof CATEGORIES)[number];

/** From worst to mildest. */
export const SEVERITIES = ["critical", "high", "medium", "low"] as const;

/** One of {@link SEVERITIES}. */
export type Severity = (typeof SEVERITIES)[number];

/** One problem, as the report carries it. */
export interface Finding {
  readonly category: Category;
  readonly severity: Severity;
  /** 1-based. */
  readonly line: number;
  /** The trimmed source line, cut at 200 characters. */
  readonly context: string;
  readonly description: string;
}

/** What a rule says: a finding without the source line. */
export interface Hit {
  readonly category: Category;
  readonly severity: Severity;
  /** 1-based. */
  readonly line: number;
  readonly description: string;
  /**
   * What the hit is about. Hits with the same line, category and subject are one finding, the most severe; by default
   * the description.
   */
  readonly subject?: string;
}

/** Takes hits. */
export type Report = (hit: Hit) => void;
