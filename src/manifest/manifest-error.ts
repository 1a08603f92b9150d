import { type Fault, faultText, MAX_FAULTS } from "../policy/documents/fault.ts";
import { CordonError } from "../shared/errors.ts";

/** The faults of a manifest, in the order in which they stand there. */
export class ManifestError extends CordonError {
  readonly faults: readonly Fault[];

  constructor(faults: readonly Fault[]) {
    const list = faults.slice(0, MAX_FAULTS).map(faultText).join("; ");
    super(
      "policy",
      `Cannot use the manifest, which has ${faults.length === 1 ? "a fault" : `${faults.length} faults`}: ${list}`,
    );
    this.faults = faults;
  }
}
