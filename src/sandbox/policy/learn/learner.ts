import type { AuditObservation } from "../../../audit/event.ts";
import type { Grants } from "../../../policy/grants.ts";
import type { GrantsInput } from "../../../policy/parsing/parse-grants.ts";
import type { Use } from "../../../shared/use.ts";
import type { UsesListener } from "../uses-listener.ts";
import { refusalOf } from "../decide-use.ts";

/** The most different uses that are remembered. */
const MAX_USES = 20_000;

/** What a component was given while it was learned from. */
export interface LearnedFrom {
  readonly uses: readonly Use[];
  /** What held. */
  readonly grants: Grants;
  /** The same as it was written. */
  readonly input: GrantsInput;
  /** Whether there was more than could be remembered. */
  readonly isIncomplete: boolean;
}

/** Remembers what a component uses within a fence. */
export class Learner {
  /** The document that bounds what is allowed; without one, nothing is. */
  readonly fence: string | undefined;
  readonly #uses = new Map<string, Use>();
  #grants: Grants | undefined;
  #input: GrantsInput = {};
  #isIncomplete = false;

  constructor(fence: string | undefined) {
    this.fence = fence;
  }

  /** @internal Begins, with what is granted. */
  begin(grants: Grants, input: GrantsInput): UsesListener {
    this.#grants = grants;
    this.#input = input;
    return (_label, uses) => this.#take(uses, grants);
  }

  /** What was seen so far; `undefined` before it has begun. */
  get learned(): LearnedFrom | undefined {
    if (this.#grants === undefined) return undefined;
    return {
      uses: [...this.#uses.values()],
      grants: this.#grants,
      input: this.#input,
      isIncomplete: this.#isIncomplete,
    };
  }

  #take(uses: NonNullable<AuditObservation["uses"]>, grants: Grants): undefined {
    if (uses === "untold") {
      this.#isIncomplete = true;
      return undefined;
    }
    for (const use of uses) {
      const key = JSON.stringify(use);
      if (this.#uses.has(key)) continue;
      // A process that a guest has taken over may say what it likes.
      if (refusalOf(use, grants) !== undefined) continue;
      if (this.#uses.size >= MAX_USES) this.#isIncomplete = true;
      else this.#uses.set(key, use);
    }
    return undefined;
  }
}
