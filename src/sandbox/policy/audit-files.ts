import type { AuditEvent } from "../../audit/event.ts";
import { JsonLinesSink } from "../../audit/json-lines.ts";
import type { AuditListener } from "../../audit/recorder.ts";
import type { DocumentAudit } from "../../policy/documents/policy-document.ts";
import { CordonError } from "../../shared/errors.ts";

/** The files that documents have events written to. */
export class AuditFiles implements Disposable {
  readonly #sinks: readonly { readonly sink: JsonLinesSink; readonly level: DocumentAudit["level"] }[];
  readonly #listener: AuditListener | undefined;
  readonly #lost: (error: CordonError) => void;
  #isLost = false;

  /**
   * @param listener Gets every event after the files have it.
   * @param lost Told once, when an event could not be written: nothing may run without its record.
   * @throws CordonError `usage` when a file cannot be opened.
   */
  constructor(
    audits: readonly DocumentAudit[],
    listener: AuditListener | undefined,
    lost: (error: CordonError) => void,
  ) {
    this.#listener = listener;
    this.#lost = lost;
    const levels = new Map<string, DocumentAudit["level"]>();
    // What one document wants whole, another one does not shorten.
    for (const { file, level } of audits) levels.set(file, levels.get(file) === "decisions" ? "decisions" : level);
    const opened: { readonly sink: JsonLinesSink; readonly level: DocumentAudit["level"] }[] = [];
    try {
      for (const [file, level] of levels) opened.push({ sink: new JsonLinesSink(file), level });
    } catch (thrown) {
      for (const { sink } of opened) sink[Symbol.dispose]();
      throw thrown;
    }
    this.#sinks = opened;
  }

  readonly record: AuditListener = (event: AuditEvent): void => {
    for (const { sink, level } of this.#sinks) {
      if (level === "denials" && event.result !== "Denied" && event.result !== "would-deny") continue;
      try {
        sink.write(event);
      } catch (thrown) {
        this.#lose(thrown);
      }
    }
    this.#listener?.(event);
  };

  #lose(thrown: unknown): void {
    if (this.#isLost) return;
    this.#isLost = true;
    const message = "The record that the policy asks for cannot be kept";
    this.#lost(thrown instanceof CordonError ? thrown : new CordonError("host", message, { cause: thrown }));
  }

  [Symbol.dispose](): void {
    for (const { sink } of this.#sinks) sink[Symbol.dispose]();
  }
}
