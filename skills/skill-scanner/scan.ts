import { Budget } from "./budget.ts";
import { FindingCollector } from "./collector.ts";
import type { Hit, Report } from "./finding.ts";
import { analyseJavaScript } from "./javascript.ts";
import type { Language } from "./language.ts";
import { detectLanguages } from "./language.ts";
import { analyseMarkdown } from "./markdown.ts";
import { analyseText } from "./plain-text.ts";
import { analysePython } from "./python.ts";
import { findHiddenText } from "./rules/hidden-text.ts";
import { analyseShell } from "./shell.ts";

/** Text past this length, in UTF-16 units, is not read; a finding says so. */
const MAX_LENGTH = 4_000_000;

/** How deep code inside code is followed: a string in a script in a string. */
const MAX_NESTING = 3;

/** What scans of nested code cost at least, and how many characters of it are read in one scan. */
const NESTED_COST = 2_000;
const NESTED_BUDGET = 4_000_000;

/** Finds the problems of a text, the most severe first. Never throws, whatever the text. */
export function scan(code: string): Hit[] {
  const collector = new FindingCollector();
  const report: Report = (hit) => collector.add(hit);
  const text = code.length > MAX_LENGTH ? code.slice(0, MAX_LENGTH) : code;
  findHiddenText(text, report);
  new Scan(new Budget(NESTED_BUDGET)).read(text, undefined, 0, report);
  if (code.length > MAX_LENGTH) {
    const description = `Only the first ${MAX_LENGTH} characters were read`;
    report({ category: "obfuscated_code", severity: "medium", line: 1, description });
  }
  return collector.sorted();
}

class Scan {
  readonly #budget: Budget;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  read(code: string, given: readonly Language[] | undefined, depth: number, report: Report): void {
    for (const language of given ?? detectLanguages(code)) this.#readAs(language, code, depth, report);
  }

  #readAs(language: Language, code: string, depth: number, report: Report): void {
    const nested = (inner: string, line: number, how: string): boolean => this.#nested(inner, line, how, depth, report);
    const block = (inner: string, line: number, languages: readonly Language[] | undefined): void => {
      if (depth >= MAX_NESTING) return;
      this.read(inner, languages, depth + 1, (hit) => report({ ...hit, line: hit.line + line - 1 }));
    };
    switch (language) {
      case "python":
        return analysePython(code, { report, nested });
      case "javascript":
        return analyseJavaScript(code, { report, nested });
      case "shell":
        return analyseShell(code, { report, nested, block });
      case "markdown":
        return analyseMarkdown(code, { report, block });
      case "text":
        return analyseText(code, { report, nested });
    }
  }

  #nested(code: string, line: number, how: string, depth: number, report: Report): boolean {
    if (depth >= MAX_NESTING || !this.#budget.spend(code.length + NESTED_COST)) return false;
    let found = false;
    this.read(code, undefined, depth + 1, (hit) => {
      found = true;
      const description = (how + hit.description).slice(0, 300);
      report({ ...hit, line, description, subject: hit.subject ?? hit.description });
    });
    return found;
  }
}
