import { Worker } from "node:worker_threads";
import type { DocumentPlace } from "../../policy/documents/translate.ts";
import { abortable } from "../../shared/abortable.ts";
import { CordonError, type LimitDetail, messageOf } from "../../shared/errors.ts";
import { workerUrl } from "../../shared/machine/bundled.ts";
import { workerEnvironment } from "../../shared/machine/worker-environment.ts";
import type { Manifest } from "../manifest.ts";
import { ManifestError } from "../manifest-error.ts";
import type { ManifestAnswer, ManifestRequest, SchemaSide } from "./messages.ts";

/** Time for reading a manifest, in milliseconds. One of the largest takes about a second. */
const READ_TIMEOUT_MS = 20_000;

/** JavaScript heap of the thread, in MiB. */
const HEAP_MB = 256;

/** What is asked of the thread, and how long that may take. */
interface Asking {
  /** What is attempted, for messages. */
  readonly what: string;
  readonly timeoutMs: number;
  /** The limit that this is what is left of, for messages; default the same. */
  readonly capMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A value to hold against a schema of a manifest. */
export interface InstanceCheck extends Asking {
  /** Which of the manifest's exports it is of. */
  readonly export: number;
  readonly side: SchemaSide;
  /** The value as JSON. */
  readonly json: string;
}

/**
 * The thread in which a manifest is read and values are checked by its schemas. What takes too long there is ended with the thread, and the
 * next check has another. One thing is done at a time; to wait for another takes nothing of a check's own time.
 */
export class ManifestThread {
  readonly #text: string;
  readonly #place: DocumentPlace;
  #worker: Worker | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  private constructor(text: string, place: DocumentPlace) {
    this.#text = text;
    this.#place = place;
  }

  /**
   * Reads a manifest.
   *
   * @throws CordonError `policy` with all of its faults, `limit` when that takes too long or too much memory, or `cancelled`.
   */
  static async read(
    text: string,
    place: DocumentPlace,
    signal?: AbortSignal,
  ): Promise<{ readonly manifest: Manifest; readonly thread: ManifestThread }> {
    const thread = new ManifestThread(text, place);
    try {
      const asking = { what: "read the manifest", timeoutMs: READ_TIMEOUT_MS, signal };
      return { manifest: await thread.#exclusively(() => thread.#start(asking)), thread };
    } catch (thrown) {
      thread.close();
      throw thrown;
    }
  }

  /**
   * Checks a value.
   *
   * @returns What is wrong with it; `undefined` when nothing is.
   * @throws CordonError `limit` when that takes too long or too much memory, or `cancelled`.
   */
  async check(check: InstanceCheck): Promise<string | undefined> {
    const { signal } = check;
    const checked = this.#checkInTurn(check);
    if (signal === undefined) return checked;
    // Others may be at it for as long as their time lasts.
    return abortable(checked, signal).catch((thrown: unknown) => {
      throw thrown instanceof CordonError ? thrown : cancelled(check, signal.reason);
    });
  }

  #checkInTurn({ export: index, side, json, ...asking }: InstanceCheck): Promise<string | undefined> {
    return this.#exclusively(async () => {
      const began = performance.now();
      if (this.#worker === undefined) await this.#start(asking);
      const timeoutMs = Math.max(1, asking.timeoutMs - (performance.now() - began));
      const answer = await this.#ask({ type: "check", export: index, side, json }, { ...asking, timeoutMs });
      if (answer.type === "checked") return answer.problem;
      throw failed(asking, answer.type === "failed" ? answer.message : `it answered with ${answer.type}`);
    });
  }

  /** Ends the thread, and every check that is waiting. */
  close(): void {
    this.#isClosed = true;
    this.#end();
  }

  async #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#last;
    const done = before.then(work, work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #start(asking: Asking): Promise<Manifest> {
    if (this.#isClosed) throw cancelled(asking, new Error("the sandbox was closed"));
    const worker = new Worker(workerUrl("manifest-worker"), {
      argv: [],
      env: workerEnvironment(),
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
      name: "cordon-manifest",
    });
    this.#worker = worker;
    const gone = (): void => {
      if (this.#worker === worker) this.#worker = undefined;
    };
    worker.on("error", gone).on("exit", gone);
    // Nothing is lost with it while nobody asks it anything.
    worker.unref();
    const answer = await this.#ask({ type: "read", text: this.#text, place: this.#place }, asking);
    if (answer.type === "manifest") return answer.manifest;
    this.#end();
    if (answer.type === "faults") throw new ManifestError(answer.faults);
    throw failed(asking, answer.type === "failed" ? answer.message : `it answered with ${answer.type}`);
  }

  async #ask(request: ManifestRequest, asking: Asking): Promise<ManifestAnswer> {
    const { timeoutMs, signal } = asking;
    const worker = this.#worker;
    if (worker === undefined || this.#isClosed) throw cancelled(asking, new Error("the sandbox was closed"));
    if (signal?.aborted === true) throw cancelled(asking, signal.reason);
    const { promise, resolve, reject } = Promise.withResolvers<ManifestAnswer>();
    const timer = setTimeout(() => reject(tooLong(asking)), timeoutMs);
    const onAbort = (): void => reject(cancelled(asking, signal?.reason));
    const onError = (error: unknown): void => reject(lost(asking, error));
    const onExit = (): void => reject(cancelled(asking, new Error("the sandbox was closed")));
    signal?.addEventListener("abort", onAbort, { once: true });
    worker.once("message", resolve);
    worker.once("error", onError);
    worker.once("exit", onExit);
    worker.ref();
    try {
      worker.postMessage(request);
      return await promise;
    } catch (thrown) {
      this.#end();
      throw thrown;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      worker.off("message", resolve).off("error", onError).off("exit", onExit);
      worker.unref();
    }
  }

  #end(): void {
    const worker = this.#worker;
    this.#worker = undefined;
    // Nobody waits for its end, which may take as long as the engine likes.
    void worker?.terminate();
  }
}

function tooLong({ what, timeoutMs, capMs }: Asking): CordonError {
  const cap = Math.round(capMs ?? timeoutMs);
  return new CordonError("limit", `Cannot ${what}: that did not end within ${cap} ms`, {
    limit: { limit: "deadline", cap, used: cap },
  });
}

function lost(asking: Asking, error: unknown): CordonError {
  const isMemory = error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";
  if (!isMemory) return failed(asking, messageOf(error));
  const limit: LimitDetail = { limit: "host-memory", cap: HEAP_MB * 2 ** 20 };
  return new CordonError("limit", `Cannot ${asking.what}: that takes more than ${HEAP_MB} MiB`, { limit });
}

function failed({ what }: Asking, why: string): CordonError {
  return new CordonError("host", `Cannot ${what}: ${why}`);
}

function cancelled({ what }: Asking, reason: unknown): CordonError {
  return new CordonError("cancelled", `Cannot ${what}: it was cancelled`, { cause: reason });
}
