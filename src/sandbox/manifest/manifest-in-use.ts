import type { CapabilityRow } from "./side-by-side.ts";

/** The manifest that a sandbox was opened under. */
export interface ManifestInUse {
  readonly file: string;
  readonly name: string;
  readonly version: string;
  /** The trusted keys whose signatures of it count; empty where none is required. */
  readonly signers: readonly string[];
  /** What is asked for, what is granted, and what is both, which is what the guest has. */
  readonly capabilities: readonly CapabilityRow[];
}
