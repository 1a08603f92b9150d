import type { FencedBlock } from "./fenced-blocks.ts";

/** A command that a document shows, with what it says the command prints. */
export interface ShownCommand {
  /** Where the command stands, as `document:line`. */
  readonly place: string;
  readonly command: string;
  readonly expected: readonly string[];
}

/**
 * The commands of a `console` block. A line that starts with `$ ` is a command; while it ends with a backslash, the next
 * line belongs to it. The lines up to the next command are what it prints.
 */
export function shownCommands({ document, line, lines }: FencedBlock): readonly ShownCommand[] {
  const commands: (ShownCommand & { command: string; expected: string[] })[] = [];
  let continued = false;
  for (const [index, text] of lines.entries()) {
    const current = commands.at(-1);
    if (continued && current !== undefined) {
      current.command += `\n${text}`;
    } else if (text.startsWith("$ ")) {
      commands.push({ place: `${document}:${line + index}`, command: text.slice(2), expected: [] });
    } else if (current !== undefined) {
      current.expected.push(text);
    } else {
      throw new Error(`${document}:${line + index}: a console block must start with a line that starts with "$ "`);
    }
    continued = (continued || text.startsWith("$ ")) && text.endsWith("\\");
  }
  return commands;
}

/**
 * Why what was printed is not what was expected; `undefined` when it is. In an expected line, `…` stands for any text; a
 * line that is only `…` stands for any number of lines. Blank lines and spaces at ends do not count.
 */
export function mismatch(expected: readonly string[], printed: string): string | undefined {
  const wanted = trimmed(expected);
  const found = trimmed(printed.split("\n"));
  if (matches(wanted, found)) return undefined;
  const at = wanted.findIndex((line, index) => line === "…" || !lineMatches(line, found[index]));
  const first = at < 0 ? wanted.length : at;
  return [
    `from line ${first + 1} of the output, expected`,
    ...(wanted.slice(first).length > 0 ? wanted.slice(first) : ["(nothing)"]).map((line) => `  ${line}`),
    "but it printed",
    ...(found.slice(first).length > 0 ? found.slice(first) : ["(nothing)"]).map((line) => `  ${line}`),
  ].join("\n");
}

function trimmed(lines: readonly string[]): readonly string[] {
  const ends = lines.map((line) => line.trimEnd());
  const last = ends.findLastIndex((line) => line !== "");
  const first = ends.findIndex((line) => line !== "");
  return first < 0 ? [] : ends.slice(first, last + 1);
}

function matches(wanted: readonly string[], found: readonly string[]): boolean {
  const [line, ...rest] = wanted;
  if (line === undefined) return found.length === 0;
  if (line === "…") return found.some((_, skipped) => matches(rest, found.slice(skipped))) || matches(rest, []);
  return found.length > 0 && lineMatches(line, found[0]) && matches(rest, found.slice(1));
}

function lineMatches(wanted: string, found: string | undefined): boolean {
  if (found === undefined) return false;
  const pattern = wanted.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`).replaceAll("…", ".*");
  return new RegExp(`^${pattern}$`, "u").test(found);
}
