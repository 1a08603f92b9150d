import type { Remedy } from "../shared/text/remedy.ts";
import type { Use } from "../shared/use.ts";

/** What kind of access a guest made, or was denied. */
export type AccessEventType =
  | "FilesystemAccess"
  | "NetworkAccess"
  | "EnvironmentAccess"
  | "ProcessStart"
  | "CustomAccess"
  | "PolicyViolation";

/** What an event is about: an access, or the policy that is in force from then on. */
export type AuditEventType = AccessEventType | "PolicyChange";

/**
 * How a host call ended: `Allowed` and done, `Denied` before any effect, or `Error` after it was allowed. `would-deny` stands beside one of
 * these: a document with `enforce: log` would have denied it.
 */
export type AuditResult = "Allowed" | "Denied" | "Error" | "would-deny";

/** What a host call reports; the recorder adds the rest. */
export interface AuditObservation {
  /** What kind of access it was. */
  readonly eventType: AccessEventType;
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
  /** What an access took of the grants. An observation that has it is no event: it is for who compares or learns. */
  readonly uses?: readonly Use[] | "untold";
}

/** One recorded access, or change of the policy. */
export interface AuditEvent extends Omit<AuditObservation, "eventType" | "uses"> {
  /** What it is about. */
  readonly eventType: AuditEventType;
  /** Position in the sandbox's record, from 1, without gaps. */
  readonly sequence: number;
  /** RFC 3339 in UTC with milliseconds. */
  readonly timestamp: string;
  /** The component's name, as the operator knows it. */
  readonly componentId: string;
  /** SHA-256 of the component, `sha256:` and hex. */
  readonly componentDigest: string;
  /** Which invocation of the sandbox made the call, from 1; 0 for a change of the policy, which is of all. */
  readonly invocation: number;
  /** The policy that was in force, `sha256:` and hex of its canonical JSON; absent where no document was. */
  readonly policyVersion?: string;
}
