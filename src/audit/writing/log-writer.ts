import { CordonError } from "../../shared/errors.ts";
import { nodeCrypto } from "../../shared/node-modules.ts";
import type { AuditEvent } from "../event.ts";
import { AuditLog } from "../store/audit-log.ts";
import type { Durability } from "../store/audit-database.ts";
import { keepCheckpoint, type LogFiles, logFiles, logKey } from "../store/log-files.ts";
import type { StoredEvent } from "../stored-event.ts";
import type { NoteSigner } from "../tree/signed-note.ts";
import { storedFrom } from "./stored-from.ts";

/** How long an event that is no denial may wait to be written, in milliseconds. */
const BATCH_MS = 50;

/** How many may wait. */
const BATCH_EVENTS = 1_000;

/** The least time between two checkpoints, in milliseconds. */
const CHECKPOINT_MS = 10_000;

/** How many denials are kept while the log cannot be written, before guests end. */
const MAX_DENIALS_KEPT = 10_000;

/** How events get into a log. */
export interface LogWriterOptions {
  /** Default: `audit.db` in Cordon's state folder. */
  readonly path?: string | undefined;
  /** Default `process`: what was written outlives any end of the process; with `power`, one of the machine as well. */
  readonly durability?: Durability;
  /**
   * What happens when it cannot be written: `stop` ends the guests; `count` goes on, keeps up to 10,000 denials, and records how many
   * events are not there when it can be written again. Default `stop`.
   */
  readonly onFailure?: "stop" | "count";
}

/**
 * Writes what guests do to the log of this user, from any number of processes. Denials are in it when {@link record} returns, other
 * events 50 ms later at most.
 */
export class LogWriter implements Disposable {
  readonly #files: LogFiles;
  readonly #log: AuditLog;
  readonly #signer: NoteSigner;
  readonly #onFailure: "stop" | "count";
  readonly #run = nodeCrypto().randomBytes(8).toString("hex");
  readonly #lost = new AbortController();
  #waiting: StoredEvent[] = [];
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;
  #checkpointAt: number;
  #open = true;

  /** @throws CordonError `usage` when its folder or key is not to be relied on; `host` when it cannot be opened. */
  constructor({ path, durability, onFailure = "stop" }: LogWriterOptions = {}) {
    this.#files = logFiles(path);
    this.#log = new AuditLog(this.#files.database, durability === undefined ? {} : { durability });
    this.#onFailure = onFailure;
    try {
      this.#signer = logKey(this.#files);
    } catch (thrown) {
      this.#log[Symbol.dispose]();
      throw thrown;
    }
    this.#checkpointAt = performance.now() + CHECKPOINT_MS;
  }

  /** Aborted, with the error, when events cannot be kept and guests must not go on. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Where the log is. */
  get path(): string {
    return this.#files.database;
  }

  /** The listener to give to a sandbox. */
  readonly record = (event: AuditEvent): void => {
    if (!this.#open) return;
    this.#waiting.push(storedFrom(event, this.#run));
    if (event.result === "Denied" || this.#waiting.length >= BATCH_EVENTS) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), BATCH_MS).unref();
  };

  /** Writes what waits. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.length === 0) return;
    const gap = this.#dropped === 0 ? [] : [gapOf(this.#dropped)];
    try {
      this.#log.append([...this.#waiting, ...gap]);
      this.#waiting = [];
      this.#dropped = 0;
    } catch (thrown) {
      this.#failed(thrown);
      return;
    }
    if (performance.now() >= this.#checkpointAt) this.#checkpoint();
  }

  /** Writes what waits, signs what the log is now, and closes it. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.flush();
    this.#checkpoint();
    this.#open = false;
    this.#log[Symbol.dispose]();
  }

  #checkpoint(): void {
    this.#checkpointAt = performance.now() + CHECKPOINT_MS;
    try {
      const note = this.#log.checkpoint(this.#signer);
      if (note !== undefined) keepCheckpoint(this.#files, note);
    } catch (thrown) {
      this.#failed(thrown);
    }
  }

  #failed(thrown: unknown): void {
    if (this.#onFailure === "stop") {
      this.#lost.abort(thrown);
      return;
    }
    const denials = this.#waiting.filter(({ result }) => result === "Denied");
    this.#dropped += this.#waiting.length - denials.length;
    this.#waiting = denials;
    if (denials.length <= MAX_DENIALS_KEPT) return;
    const reason = `Cannot go on without an audit log: ${MAX_DENIALS_KEPT} denials wait to be written`;
    this.#lost.abort(new CordonError("host", reason, { cause: thrown }));
  }
}

/** Says in the log how many events are not in it. */
function gapOf(count: number): StoredEvent {
  return {
    schema: 1,
    timestamp: new Date().toISOString(),
    component_id: "cordon",
    event_type: "AuditGap",
    resource: "",
    action: "audit.write",
    result: "Error",
    reason: `${count} events could not be written and are not in the log`,
  };
}
