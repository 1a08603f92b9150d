import { reasonWith } from "../shared/remedy.ts";
import type { AuditEvent, AuditObservation } from "./event.ts";

/** Whom a recorder writes about. */
export interface AuditSubject {
  readonly componentId: string;
  readonly componentDigest: string;
  readonly policyVersion?: string;
}

/** Receives events, in order. What it throws is dropped: an observer cannot change what the sandbox does. */
export type AuditListener = (event: AuditEvent) => void;

/** Turns what host calls report into numbered events. */
export class AuditRecorder {
  readonly #subject: AuditSubject;
  readonly #listener: AuditListener | undefined;
  #sequence = 0;

  constructor(subject: AuditSubject, listener: AuditListener | undefined) {
    this.#subject = subject;
    this.#listener = listener;
  }

  /** Records one access made by an invocation. */
  record(invocation: number, observation: AuditObservation): void {
    this.#sequence += 1;
    if (this.#listener === undefined) return;
    const event: AuditEvent = {
      sequence: this.#sequence,
      timestamp: new Date().toISOString(),
      ...this.#subject,
      invocation,
      ...observation,
      ...(observation.reason === undefined ? {} : { reason: reasonWith(observation.reason, observation.remedies) }),
    };
    try {
      this.#listener(event);
    } catch (thrown) {
      process.emitWarning(`an audit listener threw: ${String(thrown)}`, "CordonWarning");
    }
  }
}
