import type { Command } from "commander";
import { nearest } from "../../shared/text/suggest.ts";

/** What the parser says of a flag that it does not know, where it has nothing to suggest. */
const UNKNOWN = /^error: unknown option '(--[a-z][\w-]*)=[^\n]*'\n$/;

/**
 * What the parser says of the words of a command line, with the flag that was meant for one that came with its value: the parser takes
 * both for the name, which is then like no other.
 */
export function withNearestFlag(text: string, program: Command, words: readonly string[]): string {
  const name = UNKNOWN.exec(text)?.[1];
  if (name === undefined) return text;
  const command = program.commands.find((one) => one.name() === words[0]) ?? program;
  const known = command.options.flatMap(({ long, hidden }) => (typeof long === "string" && !hidden ? [long] : []));
  const meant = nearest(name, known);
  return meant === undefined ? text : `error: unknown option '${name}'\n(Did you mean ${meant}?)\n`;
}
