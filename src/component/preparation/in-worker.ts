import { Worker } from "node:worker_threads";
import { workerUrl } from "../../shared/machine/bundled.ts";
import { CordonError, messageOf } from "../../shared/errors.ts";
import { workerEnvironment } from "../../shared/machine/worker-environment.ts";
import { engineTypes } from "../compile/engine-types.ts";
import type { ArtifactRequest } from "./build-artifact.ts";
import type { Description } from "../description.ts";
import { isOutOfMemory, tooLarge } from "./out-of-memory.ts";
import { errorOf, refusedFor } from "./refused.ts";
import type { ModulePositions, PrepareMessage, PrepareRequest, PrepareStage, TypesQuestion } from "./messages.ts";

/** Time for one component, in milliseconds. A 12 MB component takes about half a second. */
const TIMEOUT_MS = 60_000;

/** JavaScript heap of the thread, in MiB. */
const HEAP_MB = 1024;

/** How a preparation is watched and ended. */
export interface PrepareOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onStage?: ((stage: PrepareStage) => void) | undefined;
  /** How long it may take, in milliseconds; default one minute. */
  readonly timeoutMs?: number;
  /** The JavaScript heap that its thread may take, in MiB; default 1024. */
  readonly heapMb?: number;
  /** Whether its thread may take the component's bytes, which are gone from this one then, instead of a copy. Default: false. */
  readonly takesBytes?: boolean;
  /** Called with its thread, which is going to end and may not have ended when there is an answer. */
  readonly onEnding?: ((ending: Promise<unknown>) => void) | undefined;
}

/**
 * Builds a component's artifact in a worker thread of its own, with a deadline and a memory cap.
 *
 * @returns The encoded artifact.
 * @throws CordonError `invalid-component`, `unsupported`, `limit` or `cancelled`.
 */
export async function artifactInWorker(request: ArtifactRequest, options: PrepareOptions = {}): Promise<Uint8Array> {
  const message = await inWorker({ type: "artifact", ...request }, options);
  if (message.type !== "artifact") throw failed(new Error(`it answered with a ${message.type}`));
  return message.encoded;
}

/** What a component is, with its encoded artifact, or why there is none. */
export interface Described {
  readonly description: Description;
  readonly artifact: Uint8Array | CordonError;
}

/**
 * Builds a component's artifact as {@link artifactInWorker} does, and says what it is, also when there can be no artifact of it.
 *
 * @throws CordonError `invalid-component`, `unsupported`, `limit` or `cancelled`.
 */
export async function describeInWorker(request: ArtifactRequest, options: PrepareOptions = {}): Promise<Described> {
  const message = await inWorker({ type: "describe", ...request }, options);
  if (message.type !== "described") throw failed(new Error(`it answered with a ${message.type}`));
  const { description, artifact } = message;
  return { description, artifact: artifact instanceof Uint8Array ? artifact : errorOf(artifact) };
}

/**
 * Says what a component is, which takes a part of the time that its artifact does.
 *
 * @throws CordonError `invalid-component`, `unsupported`, `limit` or `cancelled`.
 */
export async function outlineInWorker(component: Uint8Array, options: PrepareOptions = {}): Promise<Description> {
  const message = await inWorker({ type: "outline", component }, options);
  if (message.type !== "outlined") throw failed(new Error(`it answered with a ${message.type}`));
  return message.description;
}

/**
 * Says where the code of a component's core modules was before they were hardened, which takes about as long as its artifact does.
 *
 * @throws CordonError `invalid-component`, `unsupported`, `limit` or `cancelled`.
 */
export async function positionsInWorker(
  request: ArtifactRequest,
  options: PrepareOptions = {},
): Promise<readonly ModulePositions[]> {
  const message = await inWorker({ type: "positions", ...request }, options);
  if (message.type !== "positions") throw failed(new Error(`it answered with a ${message.type}`));
  return message.modules;
}

type Answer = Extract<PrepareMessage, { readonly type: "artifact" | "described" | "outlined" | "positions" }>;

async function inWorker(request: PrepareRequest, options: PrepareOptions): Promise<Answer> {
  const { timeoutMs = TIMEOUT_MS, heapMb = HEAP_MB } = options;
  if (options.signal?.aborted === true) throw cancelled(options.signal);
  const worker = new Worker(workerUrl("prepare-worker"), {
    workerData: request,
    transferList: options.takesBytes === true ? wholeBuffer(request.component) : [],
    argv: [],
    env: workerEnvironment(),
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: heapMb },
    name: "cordon-prepare",
  });
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const timer = setTimeout(() => reject(tooSlow(timeoutMs)), timeoutMs);
  const onAbort = (): void => reject(cancelled(options.signal));
  options.signal?.addEventListener("abort", onAbort, { once: true });
  worker.on("message", (message: PrepareMessage) => {
    if (message.type === "stage") options.onStage?.(message.stage);
    else if (message.type === "refused") reject(errorOf(message));
    else if (message.type === "types") answerTypes(message);
    else resolve(message);
  });
  worker.once("error", (error) => reject(isOutOfMemory(error) ? tooLarge(heapMb) : failed(error)));
  worker.once("exit", () => reject(failed(new Error("its thread ended"))));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", onAbort);
    // Its end may take as long as the engine likes, and is waited for by nobody here.
    worker.unref();
    options.onEnding?.(worker.terminate());
  }
}

/** Counts the types that a thread is about to give to the engine. */
function answerTypes({ keys, answered, port }: TypesQuestion): void {
  try {
    engineTypes().admit(keys);
    port.postMessage(undefined);
  } catch (thrown) {
    port.postMessage(refusedFor(thrown));
  }
  port.close();
  Atomics.store(answered, 0, 1);
  Atomics.notify(answered, 0);
}

/** The buffer of bytes that are all of it, to be transferred. */
function wholeBuffer({ buffer, byteLength }: Uint8Array): ArrayBuffer[] {
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [];
}

function tooSlow(cap: number): CordonError {
  return new CordonError("limit", `Cannot load the component: preparing it took over ${cap} ms`, {
    limit: { limit: "deadline", cap },
  });
}

function failed(error: unknown): CordonError {
  return new CordonError("host", `Cannot load the component: its preparation failed: ${messageOf(error)}`, {
    cause: error,
  });
}

function cancelled(signal: AbortSignal | undefined): CordonError {
  if (signal?.reason instanceof CordonError) return signal.reason;
  return new CordonError("cancelled", "Loading the component was cancelled", { cause: signal?.reason });
}
