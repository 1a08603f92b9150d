import { reasonWith } from "../shared/text/remedy.ts";
import type { AuditEvent, AuditEventType, AuditObservation } from "./event.ts";

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
  #subject: AuditSubject;
  readonly #listener: AuditListener | undefined;
  #sequence = 0;

  constructor(subject: AuditSubject, listener: AuditListener | undefined) {
    this.#subject = subject;
    this.#listener = listener;
  }

  /** Records one access made by an invocation. */
  record(invocation: number, observation: AuditObservation): void {
    this.#add(invocation, observation);
  }

  /** Records that another policy is in force, which further events are under; or that one was refused. */
  policyChanged(
    change: Omit<AuditObservation, "eventType" | "remedies">,
    inForce?: { readonly version: string | undefined },
  ): void {
    if (inForce !== undefined) {
      const { componentId, componentDigest } = this.#subject;
      const { version } = inForce;
      this.#subject = { componentId, componentDigest, ...(version === undefined ? {} : { policyVersion: version }) };
    }
    this.#add(0, { ...change, eventType: "PolicyChange" });
  }

  #add(
    invocation: number,
    observation: Omit<AuditObservation, "eventType"> & { readonly eventType: AuditEventType },
  ): void {
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
