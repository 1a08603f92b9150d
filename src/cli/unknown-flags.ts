import type { Command } from "commander";

/** Where the words begin that are the guest's own. */
const END_OF_FLAGS = "--";

/**
 * The words of a command line, with the values of flags that are not known apart from them: what a flag was meant to be is told by its
 * name alone, and a value makes it look like none.
 */
export function unknownFlagsApart(words: readonly string[], program: Command): readonly string[] {
  const command = program.commands.find((one) => one.name() === words[0]) ?? program;
  const known = new Set([...program.options, ...command.options].map(({ long }) => long));
  const end = words.indexOf(END_OF_FLAGS);
  return words.flatMap((word, index) => {
    const equals = word.indexOf("=");
    const isFlag = word.startsWith("--") && equals > 0 && (end < 0 || index < end);
    return isFlag && !known.has(word.slice(0, equals)) ? [word.slice(0, equals), word.slice(equals + 1)] : [word];
  });
}
