import { format } from "@cfworker/json-schema";
import type * as Re2 from "re2js";
import { CordonError, messageOf } from "../../shared/errors.ts";

/** How formats of the validator are called that are patterns. */
const PREFIX = "cordon:pattern:";

/** What a pattern may become, in instructions of its program: the time of a match is linear in the text, times this. */
const MAX_INSTRUCTIONS = 5_000;

/** Patterns as formats of the validator, matched by RE2, which takes linear time and has no way back in a text. */
export class Patterns {
  readonly #re2: typeof Re2;
  readonly #formats = new Map<string, string>();

  private constructor(re2: typeof Re2) {
    this.#re2 = re2;
  }

  static async load(): Promise<Patterns> {
    return new Patterns(await import("re2js"));
  }

  /** Why a pattern cannot be used; `undefined` when it can. */
  problem(pattern: string): string | undefined {
    try {
      this.formatOf(pattern);
      return undefined;
    } catch (thrown) {
      return `the pattern is none of RE2: ${messageOf(thrown).replace(/^error parsing regexp: /u, "")}`;
    }
  }

  /**
   * The format that a text has which the pattern finds something in.
   *
   * @throws what the pattern is refused for.
   */
  formatOf(pattern: string): string {
    const known = this.#formats.get(pattern);
    if (known !== undefined) return known;
    const { RE2JS } = this.#re2;
    const compiled = RE2JS.compile(RE2JS.translateRegExp(pattern));
    if (compiled.programSize() > MAX_INSTRUCTIONS) {
      throw new CordonError("policy", `it is more than ${MAX_INSTRUCTIONS} instructions long when it is compiled`);
    }
    const name = `${PREFIX}${this.#formats.size}`;
    this.#formats.set(pattern, name);
    format[name] = (text) => compiled.test(text);
    return name;
  }

  /** The pattern that a format stands for. */
  patternOf(formatName: string): string | undefined {
    return [...this.#formats].find(([, name]) => name === formatName)?.[0];
  }
}
