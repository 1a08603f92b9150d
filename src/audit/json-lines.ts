import { closeSync, constants, fstatSync, openSync, writeFileSync } from "node:fs";
import { CordonError, messageOf } from "../shared/errors.ts";
import type { AuditEvent } from "./event.ts";

/**
 * Appends events to a file, one JSON document a line. Each event is in the file before `write` returns, so a run that is
 * cut short leaves a complete record of what came before.
 */
export class JsonLinesSink implements Disposable {
  readonly #path: string;
  readonly #file: number;
  #open = true;

  /**
   * @param path Created with mode 0600 when it is not there.
   * @throws CordonError `usage` when the file cannot be opened for appending, or is neither a regular file nor a terminal.
   */
  constructor(path: string) {
    this.#path = path;
    const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK } = constants;
    try {
      // Non-blocking, so that a FIFO without a reader cannot hold the run up before it is refused.
      this.#file = openSync(path, O_WRONLY | O_APPEND | O_CREAT | (O_NONBLOCK ?? 0), 0o600);
    } catch (thrown) {
      throw this.#failure(thrown);
    }
    const found = fstatSync(this.#file);
    if (found.isFile() || found.isCharacterDevice()) return;
    closeSync(this.#file);
    throw this.#failure(new Error("it is neither a file nor a terminal"));
  }

  /** Appends one event. @throws CordonError `host` when it cannot be written. */
  write(event: AuditEvent): void {
    if (!this.#open) return;
    try {
      // All of it: a plain write may stop short.
      writeFileSync(this.#file, `${JSON.stringify(event)}\n`);
    } catch (thrown) {
      throw new CordonError("host", `Cannot write the audit file ${JSON.stringify(this.#path)}: ${messageOf(thrown)}`, {
        cause: thrown,
      });
    }
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.#file);
  }

  #failure(thrown: unknown): CordonError {
    const path = JSON.stringify(this.#path);
    return new CordonError(
      "usage",
      `Cannot open the audit file ${path}: ${messageOf(thrown)}; name a file to append to`,
      {
        cause: thrown,
      },
    );
  }
}
