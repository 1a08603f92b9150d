import type { Command } from "commander";
import { CordonError } from "../../shared/errors.ts";
import { quoteText } from "../../shared/text/quote-text.ts";
import { takesAttachedValue } from "./grant-options.ts";

/** How much of a word is put in a message, in characters. */
const SHOWN = 100;

/** A number in WAVE or JSON, which no flag looks like. */
const NEGATIVE_NUMBER = /^-(?:\.?\d|inf$)/u;

/** The words of `cordon run`, by whose they are. */
export interface RunWords {
  /** The command, its flags, the file, and the export or a program's first argument. */
  readonly own: readonly string[];
  /** What follows, which is the guest's: nothing in it is a flag. */
  readonly guest: readonly string[];
  /** Why they cannot be taken as they are: an argument looks like a flag and does not come behind `--`. */
  readonly problem?: CordonError;
}

/**
 * Parts the words that the operator writes from those that may be a stranger's. Flags stand before the export, or a program's first
 * argument; from there on none is taken, so that no argument can grant anything.
 *
 * @param words The whole command line, from `run` on.
 * @param run What declares the flags of `run`.
 */
export function partGuestWords(words: readonly string[], run: Command): RunWords {
  const end = exportPosition(words, takingNextWord(run));
  if (end === undefined) return { own: words, guest: [] };
  const following = words.slice(end + 1);
  const dashes = following.indexOf("--");
  const unmarked = dashes < 0 ? following : following.slice(0, dashes);
  const wrong = unmarked.find((word) => word.startsWith("-") && word !== "-" && !NEGATIVE_NUMBER.test(word));
  const parted = { own: words.slice(0, end + 1), guest: [...unmarked, ...following.slice(unmarked.length + 1)] };
  return wrong === undefined ? parted : { ...parted, problem: misplaced(wrong, words[end] ?? "") };
}

function misplaced(word: string, after: string): CordonError {
  const [flag, before] = [quoteText(word, SHOWN), quoteText(after, SHOWN)];
  const ways = `move it before ${before} if it is a flag, or put -- before the arguments if it is one of them`;
  return new CordonError("usage", `Cannot take ${flag} after ${before}, where there are arguments only: ${ways}`);
}

/** Where the second word is that is neither a flag nor the value of one; `undefined` where `--` or nothing comes before it. */
function exportPosition(words: readonly string[], takesNext: ReadonlySet<string>): number | undefined {
  let found = 0;
  for (let at = 1; at < words.length; at += 1) {
    const word = words[at] ?? "";
    if (word === "--") return undefined;
    if (takesNext.has(word)) at += 1;
    else if (word === "-" || !word.startsWith("-")) found += 1;
    if (found === 2) return at;
  }
  return undefined;
}

/** The flags whose value is the next word, where it does not follow an equals sign. */
function takingNextWord({ options }: Command): ReadonlySet<string> {
  const names = options.filter(({ required }) => required).flatMap(({ long, short }) => [long ?? "", short ?? ""]);
  return new Set(names.filter((name) => name !== "" && !takesAttachedValue(name)));
}
