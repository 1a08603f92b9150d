import { parseGrants } from "../../src/policy/parse-grants.ts";
import type { WorkerPool } from "../../src/runtime/pool.ts";
import { DEFAULT_LIMITS } from "../../src/shared/limits.ts";

const EMPTY = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));

/** Guests of a pool that have no memory and wait until they are ended. */
export class WaitingGuests {
  readonly #abort: AbortController[] = [];
  readonly #ends: Promise<unknown>[] = [];
  readonly #running: number[] = [];
  readonly #told: (() => void)[] = [];
  /** How many were started so far. */
  count = 0;

  constructor(pool: WorkerPool, count: number) {
    for (let index = 0; index < count; index += 1) this.#give(pool, index);
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

  #give(pool: WorkerPool, index: number): void {
    const abort = new AbortController();
    this.#abort.push(abort);
    const ended = pool.run({
      program: {
        id: "glue/waiting",
        glue: "return function instantiate() { return { f: () => new Promise((resolve) => setTimeout(() => resolve(1), 3600000)) } }",
        modules: [{ name: "m", module: EMPTY, memories: [{ initialPages: 0, address64: false, shared: false }] }],
        instantiations: ["m"],
        preview1: false,
        heapBytes: 0,
        imports: [],
        custom: [],
      },
      invocation: {
        programId: "glue/waiting",
        target: { property: "f" },
        parameters: [],
        programArguments: [],
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
