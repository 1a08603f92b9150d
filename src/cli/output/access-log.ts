import type { AuditEvent } from "../../audit/event.ts";
import { JsonLinesSink } from "../../audit/json-lines.ts";
import { auditLine } from "./audit-lines.ts";
import { type Output, styled } from "./terminal.ts";

/** How many accesses are printed, and how many `--json` lists. The audit file has them all. */
const MAX_SHOWN = 1000;

/** Keeps accesses elsewhere, and ends with the run. */
export interface AccessKeeper extends Disposable {
  readonly record: (event: AuditEvent) => void;
  /** Aborted, with the error, when accesses can be kept no more. */
  readonly lost: AbortSignal;
}

/** Where the accesses of a run go: lines for a person, the audit file, and the list for `--json`. */
export class AccessLog implements Disposable {
  readonly #sink: JsonLinesSink | undefined;
  readonly #stream: Output;
  readonly #events: AuditEvent[] = [];
  readonly #keeper: AccessKeeper | undefined;
  readonly #lost = new AbortController();
  #count = 0;
  #printed = 0;
  #deniedOnly = false;

  /**
   * @param auditFile Where to append events as JSON lines, if anywhere.
   * @param stream Where to print a line for each of the first 1,000 accesses.
   * @param keeper Who else is to have them; disposed of with this.
   * @throws CordonError `usage` when the audit file cannot be opened.
   */
  constructor(auditFile: string | undefined, stream: Output, keeper?: AccessKeeper) {
    this.#keeper = keeper;
    this.#sink = auditFile === undefined ? undefined : new JsonLinesSink(auditFile);
    this.#stream = stream;
  }

  /** The listener to give to a sandbox. */
  readonly record = (event: AuditEvent): void => {
    this.#count += 1;
    if (this.#count <= MAX_SHOWN) this.#events.push(event);
    if (event.eventType === "PolicyChange") this.#stream.write(`${auditLine(event, this.#stream)}\n`);
    else if (!this.#deniedOnly || event.result === "Denied" || event.result === "would-deny") this.#print(event);
    this.#keep(event);
  };

  /** Prints no more of what is allowed: a program has an stderr of its own, and may open thousands of files. */
  showDeniedOnly(): void {
    this.#deniedOnly = true;
  }

  /** The first accesses, at most 1,000. */
  get events(): readonly AuditEvent[] {
    return this.#events;
  }

  /** How many there were. */
  get count(): number {
    return this.#count;
  }

  /** Aborted when an event could not be kept, with the error: a run without its record must end. */
  get lost(): AbortSignal {
    const file = this.#lost.signal;
    return this.#keeper === undefined ? file : AbortSignal.any([file, this.#keeper.lost]);
  }

  /** Closes the audit file, and whatever else keeps accesses. */
  [Symbol.dispose](): void {
    this.#sink?.[Symbol.dispose]();
    this.#keeper?.[Symbol.dispose]();
  }

  #print(event: AuditEvent): void {
    this.#printed += 1;
    if (this.#printed <= MAX_SHOWN) {
      this.#stream.write(`${auditLine(event, this.#stream)}\n`);
    } else if (this.#printed === MAX_SHOWN + 1) {
      const notice = "further accesses are not printed; --audit FILE records them all";
      this.#stream.write(`${styled("quiet", `[…] ${notice}`, this.#stream)}\n`);
    }
  }

  #keep(event: AuditEvent): void {
    this.#keeper?.record(event);
    if (this.#lost.signal.aborted) return;
    try {
      this.#sink?.write(event);
    } catch (thrown) {
      this.#lost.abort(thrown);
    }
  }
}
