import { CordonError } from "../../shared/errors.ts";
import { quoteText } from "../../shared/text/quote-text.ts";
import type { WitField, WitFunction, WitType } from "../../shared/wit/wit.ts";
import { countArguments, describeParameters } from "./check-value.ts";
import { parseJsonArgument } from "./from-json.ts";
import { parseWave } from "./parse-wave.ts";
import { isOneScalarValue } from "./scalars.ts";

/**
 * The words of a command line as a function's arguments, in the shapes that the engine takes (see `shapes.ts`).
 *
 * Each word is read for the type of its parameter:
 *
 * - A `string` parameter takes the word literally, unless it begins with a double quote: then it is a WAVE string or,
 *   failing that, a JSON string. So `World` and `"World"` (quotes included) are the same text, and text that begins with
 *   a double quote has to be quoted.
 * - A `char` parameter takes a word of one character literally; a longer one is a WAVE char (`'\n'`) or a JSON string.
 * - Every other parameter takes WAVE or else JSON. No text is a value in both with different meanings. This includes
 *   `option<string>`, where text must be quoted: `none` and `"none"` differ.
 *
 * @throws CordonError `usage` when the number of words is wrong, with the parameters and their WIT types; or when a word is
 *   no value of its type: where, the WIT type expected, what was found.
 */
export function parseArguments(fn: WitFunction, words: readonly string[]): unknown[] {
  if (words.length !== fn.parameters.length) {
    throw new CordonError(
      "usage",
      `Cannot call ${quoteText(fn.name, 80)}: expected ${describeParameters(fn)}, found ${countArguments(words.length)}`,
    );
  }
  return fn.parameters.map((parameter, index) => parseWord(parameter, words[index] ?? ""));
}

function parseWord(parameter: WitField, word: string): unknown {
  const { name, type } = parameter;
  if (isLiteral(word, type)) {
    if (word.isWellFormed()) return word;
    throw new CordonError("usage", `Cannot read argument ${quoteText(name, 80)}: the text has a lone surrogate`);
  }
  const wave = attempt(() => parseWave(word, type));
  if ("value" in wave) return wave.value;
  const json = attempt(() => parseJsonArgument(word, type));
  if ("value" in json) return json.value;
  const better = isJsonStructure(word) ? json.error : wave.error;
  throw new CordonError("usage", `Argument ${quoteText(name, 80)}: ${better.message}`, { cause: better });
}

function isLiteral(word: string, type: WitType): boolean {
  if (type.kind === "string") return !word.startsWith('"');
  return type.kind === "char" && isOneScalarValue(word);
}

/** Whether a word can only have been meant as JSON, or is an array in both notations: then JSON's error, which names a path, says more. */
function isJsonStructure(word: string): boolean {
  if (!/^\s*[[{]/.test(word)) return false;
  return "value" in attempt(() => JSON.parse(word) as unknown, SyntaxError);
}

/** The value of a parser, or its refusal; anything else it throws is a fault of its own and passes through. */
function attempt(
  parse: () => unknown,
  refusal: typeof CordonError | typeof SyntaxError = CordonError,
): { readonly value: unknown } | { readonly error: Error } {
  try {
    return { value: parse() };
  } catch (error) {
    if (error instanceof refusal) return { error };
    throw error;
  }
}
