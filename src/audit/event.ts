import type { Remedy } from "../shared/remedy.ts";

/** What kind of access an event is about. */
export type AuditEventType =
  | "FilesystemAccess"
  | "NetworkAccess"
  | "EnvironmentAccess"
  | "ProcessStart"
  | "CustomAccess"
  | "PolicyViolation";

/** How a host call ended: `Allowed` and done, `Denied` before any effect, or `Error` after it was allowed. */
export type AuditResult = "Allowed" | "Denied" | "Error";

/** What a host call reports; the recorder adds the rest. */
export interface AuditObservation {
  /** What kind of access it was. */
  readonly eventType: AuditEventType;
  /** The interface function that was called, such as `filesystem-read.read-file`. */
  readonly action: string;
  /** What it was called on: a path or a URL, as the guest named it, cut at 4,096 characters. */
  readonly resource: string;
  /** What was decided, or that it failed. */
  readonly result: AuditResult;
  /** Why it was denied or failed; on one line. */
  readonly reason?: string;
  /** What would have allowed it, one or the other. */
  readonly remedies?: readonly Remedy[] | undefined;
}

/** One recorded access. */
export interface AuditEvent extends AuditObservation {
  /** Position in the sandbox's record, from 1, without gaps. */
  readonly sequence: number;
  /** RFC 3339 in UTC with milliseconds. */
  readonly timestamp: string;
  /** The component's name, as the operator knows it. */
  readonly componentId: string;
  /** SHA-256 of the component, `sha256:` and hex. */
  readonly componentDigest: string;
  /** Which invocation of the sandbox made the call, from 1. */
  readonly invocation: number;
  /** The policy that was in force, `sha256:` and hex of its canonical JSON; absent where no document was. */
  readonly policyVersion?: string;
}
