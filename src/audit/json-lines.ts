import { closeSync, constants, fstatSync, openSync, writeSync } from "node:fs";
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
   * @throws CordonError `usage` when the file cannot be opened for appending, or is no regular file, FIFO or terminal.
   */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#file = openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, 0o600);
    } catch (thrown) {
      throw this.#failure(thrown);
    }
    if (fstatSync(this.#file).isDirectory()) throw this.#failure(new Error("it is a directory"));
  }

  /** Appends one event. @throws CordonError `host` when it cannot be written. */
  write(event: AuditEvent): void {
    if (!this.#open) return;
    try {
      writeSync(this.#file, `${JSON.stringify(event)}\n`);
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
