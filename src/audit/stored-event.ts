import type { AuditResult } from "./event.ts";

/** Why something was denied or ended; a closed list. */
type Violation =
  /** A capability of a kind that nothing grants. */
  | "capability_request"
  /** Outside of what is granted of its kind. */
  | "outside_grant"
  /** A rule denies it. */
  | "denied_rule"
  /** A limit ended it. */
  | "limit"
  /** A rate was used up. */
  | "rate"
  | "signature"
  /** Input or output that does not fit its schema. */
  | "schema"
  /** The operator's fence denies it. */
  | "fence";

/** What is stored and sent of an event, in the form of the reference's audit events; names that it has not are ours. */
export interface StoredEvent {
  /** The version of this form. */
  readonly schema: 1;
  /** RFC 3339 in UTC with milliseconds. */
  readonly timestamp: string;
  readonly component_id: string;
  /** `sha256:` and hex. */
  readonly component_digest?: string;
  readonly event_type: string;
  readonly resource: string;
  readonly action: string;
  readonly result: AuditResult;
  readonly reason?: string;
  /** `sha256:` and hex. */
  readonly policy_version?: string;
  /** Unique over processes: `RUN-NUMBER`. */
  readonly invocation?: string;
  /** Position among the events of its sandbox, from 1. */
  readonly sequence?: number;
  readonly rule?: string;
  readonly violation?: Violation;
  readonly signer?: string;
  readonly fuel?: number;
  readonly bytes?: number;
  readonly duration_ms?: number;
}
