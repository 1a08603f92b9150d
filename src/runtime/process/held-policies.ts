import type { PolicyChange } from "../policy/policy-in-force.ts";

/** The policies that a process was sent, and has not yet said that it goes by. */
export class HeldPolicies {
  readonly #waiting = new Map<number, { readonly held: () => void; readonly timer: NodeJS.Timeout }>();
  readonly #send: (change: PolicyChange) => void;
  readonly #overdue: () => void;

  /** @param overdue Ends the process, since nobody knows by which policy it goes. */
  constructor(send: (change: PolicyChange) => void, overdue: () => void) {
    this.#send = send;
    this.#overdue = overdue;
  }

  /** Resolves when the process goes by it, or is gone, which it is after so many milliseconds. */
  async hold(change: PolicyChange, withinMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.set(change.generation, { held: resolve, timer: setTimeout(this.#overdue, withinMs) });
    try {
      this.#send(change);
    } catch {
      this.#overdue();
    }
    await promise;
  }

  /** It says that one holds; false where it was sent no such one. */
  held(generation: number): boolean {
    const waiting = this.#waiting.get(generation);
    if (waiting === undefined) return false;
    this.#waiting.delete(generation);
    clearTimeout(waiting.timer);
    waiting.held();
    return true;
  }

  /** It is gone. */
  end(): void {
    for (const generation of this.#waiting.keys()) this.held(generation);
  }
}
