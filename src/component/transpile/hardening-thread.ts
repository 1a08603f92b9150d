import { availableParallelism } from "node:os";
import { resourceLimits, Worker } from "node:worker_threads";
import type { HardenedModule } from "../../hardening/harden-module.ts";
import { workerUrl } from "../../shared/bundled.ts";
import { workerEnvironment } from "../../shared/worker-environment.ts";
import { isOutOfMemory, tooLarge } from "./out-of-memory.ts";
import type { HardenAnswer, HardenRequest } from "./messages.ts";
import { errorOf } from "./refused.ts";

/** Below this many bytes a component is done before another thread has started. */
const MIN_BYTES = 256 * 1024;

const { maxOldGenerationSizeMb: HEAP_MB = 1024 } = resourceLimits;

/**
 * Hardens the core modules of a component in a thread of its own, so that it goes on beside transpiling. The thread has the heap that
 * this one may have, and ends with it at the latest.
 */
export class HardeningThread {
  readonly #worker: Worker;
  #modules: readonly PromiseWithResolvers<HardenedModule | undefined>[] = [];
  #isLost = false;

  /** One for a component of that size, where it is worth it, and to be had. */
  static for(component: Uint8Array): HardeningThread | undefined {
    if (component.length < MIN_BYTES || availableParallelism() < 2) return undefined;
    try {
      return new HardeningThread();
    } catch {
      // The system may have no more threads to give.
      return undefined;
    }
  }

  private constructor() {
    this.#worker = new Worker(workerUrl("harden-worker"), {
      argv: [],
      env: workerEnvironment(),
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
      name: "cordon-harden",
    });
    this.#worker.on("message", (answer: HardenAnswer) => {
      const module = this.#modules[answer.index];
      if (answer.type === "hardened") module?.resolve(answer.module);
      else module?.reject(errorOf(answer));
    });
    this.#worker.once("error", (error) => {
      if (isOutOfMemory(error)) for (const { reject } of this.#modules) reject(tooLarge(HEAP_MB));
      this.#lose();
    });
    for (const event of ["messageerror", "exit"]) this.#worker.once(event, () => this.#lose());
  }

  /** Begins with these modules. To be called once. */
  begin(request: HardenRequest): void {
    this.#modules = request.ranges.map(() => Promise.withResolvers<HardenedModule | undefined>());
    for (const { promise } of this.#modules) {
      // Modules that transpiling finds no use for are never asked for.
      promise.catch(() => undefined);
    }
    if (this.#isLost) this.#lose();
    else this.#worker.postMessage(request);
  }

  /**
   * The module of the range with that index; `undefined` when the thread was lost before it was done with it.
   *
   * @throws CordonError as `hardenCore`; `limit` also when the thread's heap is too small for it.
   */
  async module(index: number): Promise<HardenedModule | undefined> {
    return this.#modules[index]?.promise;
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #lose(): void {
    this.#isLost = true;
    for (const { resolve } of this.#modules) resolve(undefined);
  }
}
