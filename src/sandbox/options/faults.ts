import { CordonError, type ErrorCode, messageOf } from "../../shared/errors.ts";
import { quoteText } from "../../shared/text/quote-text.ts";

/** How much of a name or a text is shown, in UTF-16 code units. */
const SHOWN = 80;

/** How many faults are told of; what is read after that is not looked at closely. */
const MAX_FAULTS = 20;

interface Fault {
  readonly code: ErrorCode;
  readonly message: string;
}

/** Collects what is wrong with the options of one entry, so that all of it is reported at once. */
export class Faults {
  readonly #entry: string;
  readonly #found: Fault[] = [];

  /** Whether there are as many as are told of, so that nobody needs to look for more. */
  get areEnough(): boolean {
    return this.#found.length >= MAX_FAULTS;
  }

  /** @param entry What the options are given to, such as `Sandbox.open`. */
  constructor(entry: string) {
    this.#entry = entry;
  }

  /** An option, by its path from the entry's options, with what is wrong with it; the empty path is all of them. */
  add(path: string, problem: string): void {
    if (this.areEnough) return;
    const what = path === "" ? "options" : `option ${path}`;
    this.#found.push({ code: "usage", message: `Cannot use the ${what} of ${this.#entry}: ${problem}` });
  }

  /** What was thrown when an option was read. */
  addThrown(path: string, thrown: unknown): void {
    if (this.areEnough) return;
    if (thrown instanceof CordonError) this.#found.push(thrown);
    else this.add(path, `reading it failed: ${thrownText(thrown)}`);
  }

  /**
   * Throws when there is anything.
   *
   * @throws CordonError with the code that all of it has in common, else `usage`.
   */
  throwIfAny(): void {
    const [first, ...others] = this.#found;
    if (first === undefined) return;
    const code = others.every((one) => one.code === first.code) ? first.code : "usage";
    if (others.length === 0) throw new CordonError(code, first.message);
    const list = this.#found.map(({ message }, index) => `(${index + 1}) ${message}`).join("; ");
    const count = this.areEnough ? `${MAX_FAULTS} problems or more` : `${this.#found.length} problems`;
    throw new CordonError(code, `Cannot use the options of ${this.#entry}, ${count}: ${list}`);
  }
}

/** What was given, in a few words. Asks nothing of an object but its kind, since it may throw. */
export function shownValue(value: unknown): string {
  switch (typeof value) {
    case "string":
      return quoteText(value, SHOWN);
    case "number":
    case "boolean":
    case "undefined":
      return String(value);
    case "bigint":
      return `${value}n`;
    case "symbol":
      return "a symbol";
    case "function":
      return "a function";
    case "object":
      if (value === null) return "null";
      return isArray(value) ? "a list" : "an object";
  }
}

/** `Array.isArray`, which throws for a proxy that was revoked. */
function isArray(value: object): boolean {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

function thrownText(thrown: unknown): string {
  try {
    return quoteText(messageOf(thrown), 2 * SHOWN);
  } catch {
    return "what it threw cannot be told";
  }
}
