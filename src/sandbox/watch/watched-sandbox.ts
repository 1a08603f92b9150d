import { resolve } from "node:path";
import { digestOf } from "../../component/digest.ts";
import { CordonError, messageOf } from "../../shared/errors.ts";
import { quoteText } from "../../shared/text/quote-text.ts";
import type { CallResult } from "../calls/call-result.ts";
import type { ExecuteResult } from "../calls/program-result.ts";
import type { ExportName, ExportParameters, ExportResult } from "../calls/typed-exports.ts";
import { cameFrom } from "../loading/rereadable.ts";
import { refuseOtherReceivers } from "../own-receiver.ts";
import { beginReading } from "../loading/source.ts";
import type { CallOptions } from "../options/call-options.ts";
import { limitsFrom } from "../options/limit-options.ts";
import { readOptions } from "../options/shape.ts";
import { Sandbox } from "../sandbox.ts";
import { Changes } from "./changes.ts";
import { type WatchOptions, watchOptions } from "./watch-options.ts";

/**
 * A component whose file is watched: when its content changes, it is opened anew, and calls that are made from then on are the new
 * version's. Those that run, and instances that stay, end on the version that they began on, which is closed after that. A version that
 * cannot be opened, or is refused, leaves the one before in force. Watching does not keep the process alive.
 */
export class WatchedSandbox<Exports extends object = object> implements AsyncDisposable {
  readonly #path: string;
  readonly #options: WatchOptions;
  readonly #stop = new AbortController();
  readonly #changes: Changes;
  #current: Sandbox<Exports> | undefined;
  /** The digest that was seen last, whatever came of it. */
  #seen: string | undefined;
  #reading: Promise<void> | undefined;
  /** Whether there was a change while one is looked at. */
  #isStale = false;
  /** Versions that still have calls to come to their end. */
  readonly #retiring = new Set<Promise<void>>();

  static {
    refuseOtherReceivers(WatchedSandbox, "watched", (self) => #path in self);
  }

  private constructor(path: string, options: WatchOptions) {
    // Only JavaScript gets here without them.
    if (typeof path !== "string" || typeof options !== "object" || options === null) {
      throw new CordonError("usage", "Cannot make a WatchedSandbox with new: use await watch(path)");
    }
    this.#path = path;
    this.#options = options;
    this.#changes = new Changes(
      path,
      () => void this.#look(),
      (error) => this.#failed(error),
    );
    options.signal?.addEventListener("abort", () => void this.close(), { once: true, signal: this.#stop.signal });
  }

  /** @internal See {@link watch}. */
  static async open<Exports extends object>(path: string, given: WatchOptions): Promise<WatchedSandbox<Exports>> {
    const options = readOptions("watch", watchOptions, given);
    if (typeof path !== "string") {
      throw new CordonError("usage", "Cannot watch a component: give the path of its file");
    }
    if (isAborted(options.signal)) throw cancelled(options.signal);
    const watched = begun(path, () => new WatchedSandbox<Exports>(resolve(path), options));
    try {
      // From here on changes are seen, so none comes between.
      await watched.#open();
      return watched;
    } catch (thrown) {
      await watched.close();
      const aborted = [options.signal, options.sandbox?.signal].find(isAborted);
      if (aborted !== undefined && !(thrown instanceof CordonError)) throw cancelled(aborted);
      throw thrown;
    }
  }

  /** The version in force. What is called on it stays on it; the next version may close it once nothing of it runs. */
  get sandbox(): Sandbox<Exports> {
    const current = this.#current;
    if (current === undefined || this.#stop.signal.aborted) {
      throw new CordonError("cancelled", "Cannot call the component: it is watched no more");
    }
    return current;
  }

  /** `Sandbox.call`, of the version in force. */
  async call<Name extends ExportName<Exports>>(
    name?: Name,
    parameters: ExportParameters<Exports, Name> | readonly [] = [],
    given: CallOptions = {},
  ): Promise<CallResult<ExportResult<Exports, Name>>> {
    return this.sandbox.call(name, parameters, given);
  }

  /** `Sandbox.execute`, of the version in force. */
  async execute(programArguments: readonly string[] = [], given: CallOptions = {}): Promise<ExecuteResult> {
    return this.sandbox.execute(programArguments, given);
  }

  /** Ends watching and every call that is running, as cancelled, and lets go of everything. Safe to call more than once. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#changes.close();
    await this.#reading;
    await Promise.all([this.#current?.close(), ...this.#retiring]);
  }

  /** The same as {@link close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Looks at the file, unless that is being done: then again after that. */
  async #look(): Promise<void> {
    this.#isStale = true;
    if (this.#reading !== undefined) return;
    this.#reading = this.#lookUntilFresh();
    await this.#reading;
    this.#reading = undefined;
  }

  async #lookUntilFresh(): Promise<void> {
    while (this.#isStale && !this.#stop.signal.aborted) {
      this.#isStale = false;
      try {
        if (await this.#open()) this.#told(() => this.#options.onReload?.(this.sandbox as unknown as Sandbox));
      } catch (thrown) {
        this.#failed(thrown);
      }
    }
  }

  /** Opens what is in the file and puts it in force; false when it is what was there before. */
  async #open(): Promise<boolean> {
    const { sandbox: options = {}, accepts } = this.#options;
    const signals = [this.#stop.signal, this.#options.signal, options.signal].filter((one) => one !== undefined);
    const signal = AbortSignal.any(signals);
    const { bytes, name } = await this.#read(signal);
    const digest = await digestOf(bytes, signal);
    if (digest === this.#seen) return false;
    this.#seen = digest;
    cameFrom(bytes, this.#path);
    const opened = await Sandbox.open<Exports>(bytes, { name, ...options, signal });
    try {
      await accepts?.(opened as unknown as Sandbox);
      signal.throwIfAborted();
    } catch (thrown) {
      await opened.close();
      throw thrown;
    }
    const before = this.#current;
    this.#current = opened;
    if (before !== undefined) this.#retire(before);
    return true;
  }

  async #read(signal: AbortSignal): ReturnType<ReturnType<typeof beginReading>> {
    const { maxComponentBytes } = limitsFrom(this.#options.sandbox?.limits);
    try {
      return await beginReading(this.#path, maxComponentBytes)(signal);
    } catch (thrown) {
      // What is there again after that is a new version, whatever it was before.
      this.#seen = undefined;
      throw thrown;
    }
  }

  #retire(before: Sandbox<Exports>): void {
    const gone = before.closeWhenIdle(this.#stop.signal);
    this.#retiring.add(gone);
    void gone.finally(() => this.#retiring.delete(gone));
  }

  #failed(thrown: unknown): void {
    if (this.#stop.signal.aborted) return;
    const error =
      thrown instanceof CordonError
        ? thrown
        : new CordonError("host", `Cannot open the changed component: ${messageOf(thrown)}`, { cause: thrown });
    this.#told(() => this.#options.onFailure?.(error));
  }

  #told(tell: () => void): void {
    try {
      tell();
    } catch (thrown) {
      process.emitWarning(`a listener of a watched component threw: ${messageOf(thrown)}`, "CordonWarning");
    }
  }
}

/**
 * Opens a component and watches its file: see {@link WatchedSandbox}.
 *
 * ```ts
 * await using tool = await watch("./tool.wasm", { onFailure: (error) => console.error(error.message) });
 * await tool.call("run");
 * ```
 *
 * @param path Of the component's file. Its folder is watched, so that it may be replaced.
 * @throws CordonError as `Sandbox.open`, for the first version; `usage` when the folder cannot be watched.
 */
export function watch<Exports extends object = object>(
  path: string,
  options: WatchOptions = {},
): Promise<WatchedSandbox<Exports>> {
  return WatchedSandbox.open<Exports>(path, options);
}

/** Asked anew each time: it changes while something is waited for. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

function cancelled(signal: AbortSignal | undefined): CordonError {
  return new CordonError("cancelled", "Loading the component was cancelled", { cause: signal?.reason });
}

function begun<T>(path: string, begin: () => T): T {
  try {
    return begin();
  } catch (thrown) {
    throw new CordonError("usage", `Cannot watch the folder of ${quoteText(path)}: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
}
