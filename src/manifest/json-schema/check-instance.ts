import { type OutputUnit, validate } from "@cfworker/json-schema";
import { escapeInvisible } from "../../shared/text/quote-text.ts";
import type { CompiledSchema } from "./compile-schema.ts";
import { jsonInstance } from "./json-instance.ts";
import type { Patterns } from "./patterns.ts";

/** How much of what is wrong is told, in UTF-16 code units. */
const SHOWN = 300;

/** Keywords that only say that something below them is wrong. */
const AROUND: ReadonlySet<string> = new Set(
  "properties items prefixItems additionalProperties unevaluatedProperties unevaluatedItems $ref allOf dependentSchemas propertyNames if".split(
    " ",
  ),
);

/**
 * Holds a JSON text against a schema.
 *
 * @returns What is wrong with it and where; `undefined` when nothing is.
 */
export function instanceProblem(
  text: string,
  compiled: CompiledSchema,
  patterns: Patterns | undefined,
): string | undefined {
  const read = jsonInstance(text);
  if ("problem" in read) return read.problem;
  try {
    const { valid, errors } = validate(read.value, compiled.schema, "2020-12", compiled.lookup, true);
    return valid ? undefined : told(errors, patterns);
  } catch (thrown) {
    // It is nested deeper than the stack, or has a name that is no Unicode.
    if (thrown instanceof RangeError) return "it is nested too deeply to be checked";
    if (thrown instanceof URIError) return "the name of a key is not valid Unicode";
    throw thrown;
  }
}

function told(errors: readonly OutputUnit[], patterns: Patterns | undefined): string {
  const found = errors.find(({ keyword }) => !AROUND.has(keyword)) ?? errors[0];
  if (found === undefined) return "it does not match";
  const { instanceLocation, keyword, error } = found;
  const where = instanceLocation === "#" ? "it" : `at ${instanceLocation.slice(1, SHOWN)} it`;
  return escapeInvisible(`${where} does not match: ${wordsOf(keyword, error, patterns)}`);
}

function wordsOf(keyword: string, error: string, patterns: Patterns | undefined): string {
  if (keyword === "false") return "nothing may be there";
  const named = keyword === "format" ? /format "([^"]*)"/u.exec(error)?.[1] : undefined;
  const pattern = named === undefined ? undefined : patterns?.patternOf(named);
  if (pattern !== undefined) return `the pattern ${JSON.stringify(pattern).slice(0, SHOWN)} finds nothing in it`;
  return `${error.slice(0, SHOWN).replace(/\.$/u, "")} (${keyword})`;
}
