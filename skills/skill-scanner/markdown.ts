import type { Report } from "./finding.ts";
import type { Language } from "./language.ts";
import { findDestinations } from "./plain-text.ts";

/** What the analysis needs of the scan it is part of. */
export interface MarkdownContext {
  readonly report: Report;
  /** Reads a block in the given languages, or in those it looks like; its first line is line `line` of the file. */
  block(code: string, line: number, languages: readonly Language[] | undefined): void;
}

const INFO_LANGUAGES: Readonly<Record<string, readonly Language[]>> = {
  python: ["python"],
  py: ["python"],
  python3: ["python"],
  javascript: ["javascript"],
  js: ["javascript"],
  typescript: ["javascript"],
  ts: ["javascript"],
  jsx: ["javascript"],
  tsx: ["javascript"],
  bash: ["shell"],
  sh: ["shell"],
  shell: ["shell"],
  zsh: ["shell"],
  console: ["shell"],
};

/** Reads the fenced blocks of a document as the code they are, and its prose for destinations. */
export function analyseMarkdown(code: string, scan: MarkdownContext): void {
  const lines = code.split("\n");
  let fence: { mark: string; info: string; from: number } | undefined;
  for (const [at, line] of lines.entries()) {
    const mark = fenceMark(line);
    if (fence === undefined) {
      if (mark === undefined) findDestinations(line, at + 1, scan.report);
      else fence = { mark, info: line.trim().slice(mark.length).trim().toLowerCase(), from: at + 1 };
    } else if (mark?.startsWith(fence.mark) === true && line.trim() === mark) {
      readBlock(lines.slice(fence.from, at), fence, scan);
      fence = undefined;
    }
  }
  if (fence !== undefined) readBlock(lines.slice(fence.from), fence, scan);
}

function readBlock(lines: readonly string[], fence: { info: string; from: number }, scan: MarkdownContext): void {
  const info = fence.info.split(/[\s{:,]/, 1)[0] ?? "";
  const languages = Object.hasOwn(INFO_LANGUAGES, info) ? INFO_LANGUAGES[info] : undefined;
  scan.block(lines.join("\n"), fence.from + 1, languages ?? (info === "" ? undefined : ["text"]));
}

function fenceMark(line: string): string | undefined {
  const text = line.trimStart();
  if (!text.startsWith("```") && !text.startsWith("~~~")) return undefined;
  const char = text[0] ?? "";
  let length = 3;
  while (length < 64 && text[length] === char) length += 1;
  return char.repeat(length);
}
