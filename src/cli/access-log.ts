import type { AuditEvent } from "../audit/event.ts";
import { JsonLinesSink } from "../audit/json-lines.ts";
import { messageOf } from "../shared/errors.ts";
import { auditLine } from "./audit-lines.ts";
import type { Output } from "./terminal.ts";

/** Where a run's accesses go: lines for a person, the audit file, and the list for `--json`. */
export class AccessLog implements Disposable {
  readonly #sink: JsonLinesSink | undefined;
  readonly #lines: Output | undefined;
  readonly #events: AuditEvent[] = [];
  #failure: unknown;

  /**
   * @param auditFile Where to append events as JSON lines, if anywhere.
   * @param lines Where to print a line for each access, if anywhere.
   */
  constructor(auditFile: string | undefined, lines: Output | undefined) {
    this.#sink = auditFile === undefined ? undefined : new JsonLinesSink(auditFile);
    this.#lines = lines;
  }

  /** The listener to give to a sandbox. */
  readonly record = (event: AuditEvent): void => {
    if (this.#events.length < MAX_LISTED) this.#events.push(event);
    if (this.#lines !== undefined) this.#lines.write(`${auditLine(event, this.#lines)}\n`);
    try {
      this.#sink?.write(event);
    } catch (thrown) {
      this.#failure ??= thrown;
    }
  };

  /** The first accesses, at most 1,000. */
  get events(): readonly AuditEvent[] {
    return this.#events;
  }

  /** Throws when an event could not be written to the audit file: a run without its record has failed. */
  assertWritten(): void {
    if (this.#failure instanceof Error) throw this.#failure;
    if (this.#failure !== undefined) throw new Error(messageOf(this.#failure));
  }

  /** Closes the audit file. */
  [Symbol.dispose](): void {
    this.#sink?.[Symbol.dispose]();
  }
}

const MAX_LISTED = 1000;
