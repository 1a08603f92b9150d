import { ManifestError } from "../../../manifest/manifest-error.ts";
import { faultText } from "../../../policy/documents/fault.ts";
import { grantedBeside, reviewManifest, type ReviewedManifest } from "../../../sandbox/manifest/review-manifest.ts";
import type { CapabilityRow } from "../../../sandbox/manifest/side-by-side.ts";
import { type SandboxFlags, sandboxOptions } from "../../flags/run-options.ts";
import { EXIT } from "../../output/exit-codes.ts";
import { errorDocument, fail } from "../../output/failure.ts";
import { printJson } from "../../output/json-output.ts";
import { capabilityRows } from "../../output/manifest-report.ts";
import { neutralisedLine, styled, writeNote } from "../../output/terminal.ts";

/** The flags of `manifest check`, as parsed. */
export interface ManifestCheckFlags extends SandboxFlags {
  readonly json?: boolean;
}

/** `cordon manifest check FILE`: tells every fault, or what is asked for beside what is granted. Returns the exit code. */
export async function manifestCheckCommand(file: string, flags: ManifestCheckFlags): Promise<number> {
  try {
    const reviewed = await reviewManifest(file);
    const rows = await grantedBeside(reviewed, sandboxOptions(flags));
    if (flags.json === true) printJson(checkDocument(reviewed, rows), process.stdout);
    else print(reviewed, rows);
    return EXIT.done;
  } catch (thrown) {
    if (!(thrown instanceof ManifestError)) return fail(thrown, flags.json);
    if (flags.json === true) {
      printJson({ status: "error", error: errorDocument(thrown), faults: thrown.faults }, process.stdout);
    }
    for (const fault of thrown.faults) {
      process.stderr.write(`${styled("bad", "error:", process.stderr)} ${neutralisedLine(faultText(fault))}\n`);
    }
    return EXIT.usage;
  }
}

function checkDocument({ manifest, subject, added }: ReviewedManifest, capabilities: readonly CapabilityRow[]): object {
  const { name, version } = manifest;
  return { status: "ok", component: subject.component, name, version, capabilities, unaccepted: added };
}

function print({ manifest, acceptedVersion, added }: ReviewedManifest, rows: readonly CapabilityRow[]): void {
  const { name, version } = manifest;
  process.stdout.write(`The manifest of ${neutralisedLine(`${name} ${version}`)} is right.\n`);
  if (rows.length > 0) process.stdout.write(`${capabilityRows(rows, process.stdout).join("\n")}\n`);
  if (added.length === 0) return;
  const than =
    acceptedVersion === undefined ? "nobody has accepted" : `is more than was accepted of version ${acceptedVersion}`;
  writeNote(`what ${than}: ${added.join("; ")}`, process.stderr);
}
