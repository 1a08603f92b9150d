import type { Grants } from "../../policy/grants.ts";
import type { PolicyInForce } from "../../runtime/policy/policy-in-force.ts";

/** What a sandbox grants now, as this side of its calls sees it. It is changed as a whole. */
export class GrantsInForce {
  readonly #listeners = new Set<() => void>();
  #current: PolicyInForce;

  constructor(grants: Grants) {
    this.#current = { generation: 1, grants };
  }

  get current(): PolicyInForce {
    return this.#current;
  }

  get grants(): Grants {
    return this.#current.grants;
  }

  /** Puts others in force, and has checked what calls that run were allowed before. */
  set(grants: Grants): PolicyInForce {
    this.#current = { generation: this.#current.generation + 1, grants };
    for (const changed of this.#listeners) changed();
    return this.#current;
  }

  /** Has a function called whenever they have changed, until what is returned is called. It is not to throw. */
  onChange(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => void this.#listeners.delete(changed);
  }
}
