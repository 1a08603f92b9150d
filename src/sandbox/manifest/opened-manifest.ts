import type { ManifestExport } from "../../manifest/manifest.ts";
import type { InstanceCheck } from "../../manifest/thread/manifest-thread.ts";
import type { OpenedOptions } from "../policy/policy-in-use.ts";
import type { ManifestInUse } from "./manifest-in-use.ts";

/** A manifest as a sandbox has it while it is open. */
export interface OpenedManifest {
  readonly inUse: ManifestInUse;
  readonly exports: readonly ManifestExport[];
  /** Puts options within what the manifest asks for, as those that the sandbox was opened with: for a policy that comes later. */
  readonly within: (opened: OpenedOptions) => OpenedOptions;
  /** Holds a value against a schema; see `ManifestThread.check`. */
  readonly check: (check: InstanceCheck) => Promise<string | undefined>;
  /** Ends whatever is being checked. */
  readonly close: () => void;
}
