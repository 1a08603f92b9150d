import type { PolicyDocument } from "../../policy/documents/policy-document.ts";
import type { SignatureEntry } from "../../policy/documents/policy-shape.ts";
import type { DocumentAudit, DocumentRate } from "../../policy/documents/policy-document.ts";
import type { UsesListener } from "./uses-listener.ts";
import type { Limits } from "../../shared/limits/limits.ts";
import type { ComponentSource } from "../loading/source.ts";
import type { OpenedManifest } from "../manifest/opened-manifest.ts";
import type { ReadSandboxOptions } from "../options/sandbox-options.ts";

/** The policy that holds for a sandbox. */
export interface PolicyInUse {
  /** `sha256:` and hex of its canonical JSON; on every event. */
  readonly version: string;
  /** The documents that hold, by their paths. */
  readonly documents: readonly string[];
  /** What in them has no effect, each `file:line:column: message`. */
  readonly warnings: readonly string[];
}

/** What a sandbox is opened with once policies have been read. */
export interface OpenedOptions extends ReadSandboxOptions {
  readonly source: ComponentSource;
  readonly policy?: PolicyInUse;
  /** The documents that hold. */
  readonly documents?: readonly PolicyDocument[];
  /** What documents ask of the component's signatures, each to be met beside that of the options. */
  readonly signatures?: readonly SignatureEntry[] | undefined;
  /** Takes what each access used, where somebody compares or learns. */
  readonly usesOf?: UsesListener | undefined;
  readonly rates?: readonly DocumentRate[];
  readonly audits?: readonly DocumentAudit[];
  /** What no limit of a call may pass. */
  readonly mostLimits?: Partial<Limits>;
  /** What the bytes of the component have to be. */
  readonly expectedDigest?: string | undefined;
  readonly manifest?: OpenedManifest | undefined;
}
