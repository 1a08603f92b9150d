import type { Manifest } from "../../manifest/manifest.ts";
import type { OpenedOptions } from "../policy/policy-in-use.ts";

/**
 * The names of the trusted keys whose signatures of a manifest count, where a signature is required of the component: then the manifest
 * has to have it, too, since what is checked and asked for is in it. None where none is required.
 *
 * @throws CordonError `signature` when it was not signed by whom it has to be, `usage` for a requirement that nobody can meet.
 */
export async function signersOfManifest(
  manifest: Manifest,
  { options, signatures = [] }: Pick<OpenedOptions, "options" | "signatures">,
  what: string,
): Promise<readonly string[]> {
  const { signature } = options;
  const asked = signature === undefined ? signatures : [signature, ...signatures];
  if (asked.length === 0) return [];
  const { assertSignedBy, parseRequirement } = await import("../../signing/requirement.ts");
  const requirements = asked.map(parseRequirement).filter((one) => one !== undefined);
  if (requirements.length === 0) return [];
  const { manifestSigners } = await import("../../signing/manifest-signatures.ts");
  const { TrustStore } = await import("../../signing/trust-store.ts");
  const signers = manifestSigners(manifest, new TrustStore(signature?.trustDirectory).list(), what);
  const counted = requirements.flatMap((one) => assertSignedBy(one, signers, { what, now: Date.now() }));
  return [...new Set(counted.map(({ name }) => name))];
}
