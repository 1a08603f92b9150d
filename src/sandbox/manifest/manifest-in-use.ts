import type { CapabilityRow } from "./side-by-side.ts";

/** The manifest that a sandbox was opened under. */
export interface ManifestInUse {
  /** Its path, as it was given. */
  readonly file: string;
  /** What it calls the component, whose own name stays that of its file. */
  readonly name: string;
  /** The version of the component, as it says. */
  readonly version: string;
  /** The trusted keys whose signatures of it count; empty where none is required. */
  readonly signers: readonly string[];
  /** What is asked for, what is granted, and what is both, which is what the guest has. */
  readonly capabilities: readonly CapabilityRow[];
}
