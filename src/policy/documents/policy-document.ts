import type { Limits } from "../../shared/limits/limits.ts";
import type { ProfileName } from "../../shared/limits/limit-profiles.ts";
import type { GrantsInput } from "../parsing/parse-grants.ts";
import type { SecretInput } from "../parsing/parse-secrets.ts";
import type { Rate } from "../rate.ts";
import type { SignatureEntry } from "./policy-shape.ts";
import type { Fault, Position } from "./fault.ts";

/** Limits as documents write them. */
export interface DocumentLimits extends Partial<Limits> {
  readonly profile?: ProfileName;
}

/** Whom a document is for; what is left out is anyone. */
export interface PolicyMatch {
  /** Names of components. */
  readonly names?: readonly string[];
  /** Digests, `sha256:` and hex. */
  readonly digests?: readonly string[];
  /** Names of trusted keys, one of which signed it. */
  readonly signers?: readonly string[];
}

/** Where a rule was written. */
export interface RuleOrigin extends Position {
  readonly file: string;
  /** The rule by its place in the document, such as `storage.allow[0]`. */
  readonly place: string;
  readonly kind: "storage" | "network" | "environment";
  readonly use: "allow" | "deny" | "fence";
  /** As `explain` finds it again: the storage URI, network rules, or the name of the variable. */
  readonly written: readonly string[];
}

/** A rate, and where it was written. */
export interface DocumentRate extends Rate, Position {
  readonly file: string;
  /** Whether what passes it is only recorded. */
  readonly isLogged: boolean;
}

/** Where events go, and which. */
export interface DocumentAudit {
  /** Absolute. */
  readonly file: string;
  readonly level: "denials" | "decisions";
}

/** What bounds every other grant. */
export interface PolicyFence {
  readonly grants: GrantsInput;
  readonly limits: DocumentLimits | undefined;
  readonly position: Position;
}

/** One document in the terms of grants and limits. Plain data, so that it can be kept. */
export interface PolicyDocument {
  readonly file: string;
  readonly description: string | undefined;
  readonly match: PolicyMatch | undefined;
  readonly grants: GrantsInput;
  readonly limits: DocumentLimits | undefined;
  readonly isolation: "thread" | "process" | "auto" | undefined;
  /** What may follow it while it is in force; left out, anything. */
  readonly reload?: "narrow-only" | undefined;
  /** Who has to have signed the component. */
  readonly signature: SignatureEntry | undefined;
  /** Values that the host puts into requests. */
  readonly secrets: readonly SecretInput[];
  /** What bounds every other grant. */
  readonly fence: PolicyFence | undefined;
  /** `log`: what it denies passes, and is recorded. */
  readonly enforce: "deny" | "log";
  readonly rates: readonly DocumentRate[];
  readonly audit: DocumentAudit | undefined;
  /** What has no effect. */
  readonly warnings: readonly Fault[];
  readonly rules: readonly RuleOrigin[];
}
