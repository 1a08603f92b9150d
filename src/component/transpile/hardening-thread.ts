import { availableParallelism } from "node:os";
import { resourceLimits, Worker } from "node:worker_threads";
import type { HardenedModule } from "../../hardening/harden-module.ts";
import { workerUrl } from "../../shared/bundled.ts";
import { workerEnvironment } from "../../shared/worker-environment.ts";
import { CordonError, messageOf } from "../../shared/errors.ts";
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
  #modules: readonly PromiseWithResolvers<HardenedModule>[] = [];
  #failure: CordonError | undefined;

  /** One for a component of that size, where it is worth it. */
  static for(component: Uint8Array): HardeningThread | undefined {
    return component.length < MIN_BYTES || availableParallelism() < 2 ? undefined : new HardeningThread();
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
    this.#worker.once("error", (error) =>
      this.#fail(isOutOfMemory(error) ? tooLarge(HEAP_MB) : lost(messageOf(error))),
    );
    this.#worker.once("exit", () => this.#fail(lost("it ended")));
  }

  /** Begins with these modules. To be called once. */
  begin(request: HardenRequest): void {
    this.#modules = request.ranges.map(() => Promise.withResolvers<HardenedModule>());
    for (const { promise } of this.#modules) {
      // Modules that transpiling finds no use for are never asked for.
      promise.catch(() => undefined);
    }
    if (this.#failure === undefined) this.#worker.postMessage(request);
    else this.#fail(this.#failure);
  }

  /**
   * The module of the range with that index.
   *
   * @throws CordonError as `hardenCore`; `limit` when the thread's heap is too small for it, `host` when it failed.
   */
  async module(index: number): Promise<HardenedModule> {
    const module = this.#modules[index];
    if (module === undefined) throw new Error(`there is no core module ${index}`);
    return module.promise;
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(error: CordonError): void {
    this.#failure ??= error;
    for (const { reject } of this.#modules) reject(error);
  }
}

function lost(reason: string): CordonError {
  return new CordonError("host", `Cannot load the component: the thread that hardens it failed: ${reason}`);
}
