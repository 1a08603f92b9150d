import type { Worker } from "node:worker_threads";

const MICROSECONDS = 1_000;

/**
 * What a worker's thread takes of a processor. It is asked by interrupting it, which it notices in guests' code and in JavaScript, and not
 * while the engine collects or a function of the host's hangs.
 */
export class ThreadTime {
  readonly #worker: Pick<Worker, "cpuUsage">;
  /** What it took since it began when it was last asked, in milliseconds. */
  #usedMs = 0;
  /** How often it has answered. */
  #answers = 0;
  #asking: Promise<void> | undefined;

  constructor(worker: Pick<Worker, "cpuUsage">) {
    this.#worker = worker;
  }

  /** Counts from now on. Tells what the thread took since, in milliseconds: never more than that, and less where it has not answered. */
  count(): () => number {
    let since: number | undefined;
    // What is being asked already may have been answered before.
    const answers = this.#answers + (this.#asking === undefined ? 0 : 1);
    this.#ask();
    return () => {
      this.#ask();
      if (this.#answers <= answers) return 0;
      since ??= this.#usedMs;
      return this.#usedMs - since;
    };
  }

  #ask(): void {
    this.#asking ??= this.#worker
      .cpuUsage()
      .then(
        ({ user, system }) => {
          this.#usedMs = (user + system) / MICROSECONDS;
          this.#answers += 1;
        },
        // It is gone.
        () => undefined,
      )
      .finally(() => {
        this.#asking = undefined;
      });
  }
}
