import { Worker } from "node:worker_threads";
import { functionsOf } from "../../hardening/read/module-sections.ts";
import { abortable } from "../../shared/abortable.ts";
import { workerUrl } from "../../shared/machine/bundled.ts";
import { CordonError, messageOf } from "../../shared/errors.ts";
import { escapeInvisible } from "../../shared/text/quote-text.ts";
import { workerEnvironment } from "../../shared/machine/worker-environment.ts";
import type { ArtifactModule } from "../artifact.ts";
import type { Load } from "../load/load.ts";
import { isOutOfMemory, tooLarge } from "../preparation/out-of-memory.ts";
import { engineTypes } from "./engine-types.ts";
import { liveFunctions } from "./live-functions.ts";
import type { CompileAnswer, CompileRequest } from "./messages.ts";

/** Up to so many bytes the engine copies while the caller waits, in some 20 ms, before it goes on in threads of its own. */
const MOST_HERE_BYTES = 8 * 1024 * 1024;

/** JavaScript heap of the thread that compiles, in MiB. Compiled code is not on it. */
const COMPILE_HEAP_MB = 256;

/** How much is shown of what the engine says about a core module: names in it are the guest's. In UTF-16 code units. */
const MAX_REASON_LENGTH = 500;

/** The hardened core modules of a component. */
export interface Compilable {
  /** Of the component. */
  readonly digest: string;
  readonly modules: readonly ArtifactModule[];
  readonly typeKeys: Uint8Array;
}

/** One of them, compiled. */
export interface Compiled extends Omit<ArtifactModule, "bytes"> {
  readonly module: WebAssembly.Module;
}

/**
 * Has the engine validate and compile a component's core modules: the one place where bytes of a component reach the engine in this
 * process. It cannot be interrupted, so what it has begun goes on when nobody waits for it any more, and holds the load's slot.
 *
 * @param component Its modules' bytes may be gone afterwards: a thread may have taken them.
 * @throws CordonError `invalid-component`, `limit`, or the reason of the load's signal.
 */
export async function compileModules(
  { digest, modules, typeKeys }: Compilable,
  load: Load,
): Promise<readonly Compiled[]> {
  load.signal.throwIfAborted();
  const bytes = modules.map((one) => one.bytes);
  const functions = bytes.reduce((sum, one) => sum + functionsOf(one), 0);
  engineTypes().admit(typeKeys);
  const lease = liveFunctions().admit(digest, functions);
  const total = bytes.reduce((sum, { length }) => sum + length, 0);
  const compiling = total <= MOST_HERE_BYTES ? compileHere(bytes) : compileInThread(bytes, load);
  compiling.then(lease.compiled, lease.giveBack);
  load.hold(compiling);
  const compiled = await abortable(compiling, load.signal);
  return modules.flatMap(({ name, memories }, index) => {
    const module = compiled[index];
    return module === undefined ? [] : [{ name, memories, module }];
  });
}

async function compileHere(modules: readonly Uint8Array[]): Promise<readonly WebAssembly.Module[]> {
  const compiling = modules.map((bytes) => WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>));
  try {
    return await Promise.all(compiling);
  } catch (thrown) {
    // The slot is held for the others, too.
    await Promise.allSettled(compiling);
    throw invalid(messageOf(thrown));
  }
}

async function compileInThread(modules: readonly Uint8Array[], load: Load): Promise<readonly WebAssembly.Module[]> {
  const request: CompileRequest = { modules };
  const worker = new Worker(workerUrl("compile-worker"), {
    workerData: request,
    // What was given in one buffer goes as a whole.
    transferList: [...new Set(modules.map(({ buffer }) => buffer))].filter((one) => one instanceof ArrayBuffer),
    argv: [],
    env: workerEnvironment(),
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: COMPILE_HEAP_MB },
    name: "cordon-compile",
  });
  const { promise, resolve, reject } = Promise.withResolvers<readonly WebAssembly.Module[]>();
  worker.once("message", (answer: CompileAnswer) => {
    if (answer.type === "compiled") resolve(answer.modules);
    else reject(invalid(answer.reason));
  });
  worker.once("error", (error) => reject(isOutOfMemory(error) ? tooLarge(COMPILE_HEAP_MB) : lost(error)));
  worker.once("exit", () => reject(lost(new Error("its thread ended"))));
  const onAbort = (): void => reject(load.signal.reason);
  load.signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await promise;
  } finally {
    load.signal.removeEventListener("abort", onAbort);
    worker.unref();
    load.hold(worker.terminate());
  }
}

function invalid(reason: string): CordonError {
  return new CordonError(
    "invalid-component",
    `Cannot load the component: a core module in it is not valid WebAssembly (${escapeInvisible(reason.slice(0, MAX_REASON_LENGTH))}); ` +
      "build it again, with features that this engine has",
  );
}

function lost(cause: unknown): CordonError {
  return new CordonError("host", `Cannot load the component: compiling it failed: ${messageOf(cause)}`, { cause });
}
