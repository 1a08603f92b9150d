/** How long an invocation may take of its thread's processor to count as brief, in milliseconds. */
const BRIEF_MS = 4;

/** How many invocations in a row have to have been brief. */
const IN_A_ROW = 8;

/**
 * Programs whose invocations have been brief of late. One of theirs may be sent behind another of the same program, which saves both
 * threads from waiting for each other between the two: nobody else's waits there, should the first not be brief this time.
 */
export class BriskPrograms {
  readonly #brief = new Map<string, number>();

  /** An invocation has ended. */
  ended(programId: string, cpuMs: number): void {
    if (cpuMs > BRIEF_MS) this.#brief.delete(programId);
    else this.#brief.set(programId, Math.min(IN_A_ROW, (this.#brief.get(programId) ?? 0) + 1));
  }

  /** The program is unloaded. */
  forget(programId: string): void {
    this.#brief.delete(programId);
  }

  has(programId: string): boolean {
    return this.#brief.get(programId) === IN_A_ROW;
  }
}
