import { Worker } from "node:worker_threads";
import { workerUrl } from "../../shared/bundled.ts";
import { CordonError, messageOf } from "../../shared/errors.ts";
import { workerEnvironment } from "../../shared/worker-environment.ts";
import type { ArtifactRequest } from "./build-artifact.ts";
import type { Description } from "../description.ts";
import { isOutOfMemory, tooLarge } from "./out-of-memory.ts";
import { errorOf } from "./refused.ts";
import type { TranspileMessage, TranspileRequest, TranspileStage } from "./messages.ts";

/** Time for one component, in milliseconds. A 12 MB component takes about half a second. */
const TRANSPILE_TIMEOUT_MS = 60_000;

/**
 * JavaScript heap of the transpile worker, and of the thread that hardens for it, in MiB. The transpiler's linear memory is capped when
 * it is bundled.
 */
const TRANSPILE_HEAP_MB = 1024;

/** How a transpilation is watched and ended. */
export interface TranspileOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onStage?: ((stage: TranspileStage) => void) | undefined;
  /** How long it may take, in milliseconds; default one minute. */
  readonly timeoutMs?: number;
  /** The JavaScript heap that each of its threads may take, in MiB; default 1024. */
  readonly heapMb?: number;
}

/**
 * Builds a component's artifact in a worker thread of its own, with a deadline and a memory cap.
 *
 * @returns The encoded artifact.
 * @throws CordonError `invalid-component`, `unsupported`, `limit` or `cancelled`.
 */
export async function transpile(request: ArtifactRequest, options: TranspileOptions = {}): Promise<Uint8Array> {
  const message = await inWorker({ type: "artifact", ...request }, options);
  if (message.type !== "artifact") throw failed(new Error(`it answered with a ${message.type}`));
  return message.encoded;
}

/**
 * Looks into a component or core module in a worker thread of its own, as {@link transpile} does.
 *
 * @throws CordonError `invalid-component`, `unsupported`, `limit` or `cancelled`.
 */
export async function describeInWorker(bytes: Uint8Array, options: TranspileOptions = {}): Promise<Description> {
  const message = await inWorker({ type: "describe", bytes }, options);
  if (message.type !== "description") throw failed(new Error(`it answered with a ${message.type}`));
  return message.description;
}

type Answer = Extract<TranspileMessage, { readonly type: "artifact" | "description" }>;

async function inWorker(request: TranspileRequest, options: TranspileOptions): Promise<Answer> {
  const { timeoutMs = TRANSPILE_TIMEOUT_MS, heapMb = TRANSPILE_HEAP_MB } = options;
  if (options.signal?.aborted === true) throw cancelled(options.signal);
  const worker = new Worker(workerUrl("transpile-worker"), {
    workerData: request,
    argv: [],
    env: workerEnvironment(),
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: heapMb },
    name: "cordon-transpile",
  });
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const timer = setTimeout(() => reject(tooSlow(timeoutMs)), timeoutMs);
  const onAbort = (): void => reject(cancelled(options.signal));
  options.signal?.addEventListener("abort", onAbort, { once: true });
  worker.on("message", (message: TranspileMessage) => {
    if (message.type === "stage") options.onStage?.(message.stage);
    else if (message.type === "refused") reject(errorOf(message));
    else resolve(message);
  });
  worker.once("error", (error) => reject(isOutOfMemory(error) ? tooLarge(heapMb) : failed(error)));
  worker.once("exit", () => reject(failed(new Error("its thread ended"))));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", onAbort);
    await worker.terminate();
  }
}

function tooSlow(cap: number): CordonError {
  return new CordonError("limit", `Cannot load the component: transpiling took over ${cap} ms`, {
    limit: { limit: "deadline", cap },
  });
}

function failed(error: unknown): CordonError {
  return new CordonError("host", `Cannot load the component: the transpiler failed: ${messageOf(error)}`, {
    cause: error,
  });
}

function cancelled(signal: AbortSignal | undefined): CordonError {
  return new CordonError("cancelled", "Loading the component was cancelled", { cause: signal?.reason });
}
