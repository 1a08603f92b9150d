import { parseGrants } from "../../src/policy/parsing/parse-grants.ts";
import type { WorkerPool } from "../../src/runtime/threads/pool.ts";
import type { Program } from "../../src/runtime/messages.ts";
import { DEFAULT_LIMITS } from "../../src/shared/limits/limits.ts";
import { RUN, waitingProgram } from "./waiting-program.ts";

/** Guests of a pool that have little memory and wait until they are ended. */
export class WaitingGuests {
  readonly #abort: AbortController[] = [];
  readonly #ends: Promise<unknown>[] = [];
  readonly #running: number[] = [];
  readonly #told: (() => void)[] = [];
  /** How many were started so far. */
  count = 0;

  private constructor(pool: WorkerPool, program: Program, count: number) {
    for (let index = 0; index < count; index += 1) this.#give(pool, program, index);
  }

  /** Gives so many to a pool. */
  static async in(pool: WorkerPool, count: number): Promise<WaitingGuests> {
    return new WaitingGuests(pool, await waitingProgram({ waitMs: 3_000_000 }), count);
  }

  /** Resolves when so many were started. */
  async started(count: number): Promise<void> {
    while (this.count < count) await new Promise<void>((resolve) => this.#told.push(resolve));
  }

  /** Ends the one that was started first, once there is one. */
  async end(): Promise<void> {
    while (this.#running.length === 0) await new Promise<void>((resolve) => this.#told.push(resolve));
    const first = this.#running.shift() ?? 0;
    this.#abort[first]?.abort();
    await this.#ends[first];
  }

  #give(pool: WorkerPool, program: Program, index: number): void {
    const abort = new AbortController();
    this.#abort.push(abort);
    const ended = pool.run({
      program,
      invocation: {
        programId: program.id,
        generation: 1,
        target: RUN,
        parameters: [],
        programArguments: ["guest"],
        grants: parseGrants({}, { cwd: "/" }),
        limits: { ...DEFAULT_LIMITS, timeoutMs: 600_000 },
      },
      signal: abort.signal,
      started: () => {
        this.count += 1;
        this.#running.push(index);
        for (const tell of this.#told.splice(0)) tell();
      },
      observe: () => undefined,
    });
    this.#ends.push(ended);
  }
}
