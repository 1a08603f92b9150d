import type { CoreValue } from "../../abi/core-values.ts";

/** A resource that a guest defines, as the host has a handle of it. It is worth something for its instance alone. */
export class GuestResource {
  readonly #owner: object;
  readonly #rep: CoreValue;
  readonly #resource: number;
  #isTaken = false;

  /** @param owner The instance that it is of. */
  constructor(owner: object, rep: CoreValue, resource: number) {
    this.#owner = owner;
    this.#rep = rep;
    this.#resource = resource;
  }

  /**
   * What it stands for, to be passed to its instance.
   *
   * @throws Error when it was handed over before, or is of another instance or resource.
   */
  take(owner: object, resource: number, as: "own" | "borrow"): CoreValue {
    if (this.#isTaken) throw new Error("the resource was handed over before");
    if (owner !== this.#owner || resource !== this.#resource) throw new Error("the resource is of another instance");
    if (as === "own") this.#isTaken = true;
    return this.#rep;
  }
}
