import { effectivePolicy, type EffectivePolicy, type PolicySubject } from "../../policy/documents/effective.ts";
import { loadDocuments, policyFolders, type PolicyFolders } from "../../policy/documents/load-documents.ts";
import type { Grants } from "../../policy/grants.ts";
import { parseGrants } from "../../policy/parsing/parse-grants.ts";
import { grantsBase } from "../options/sandbox-options.ts";
import { fencedGrants, policyPaths } from "./with-policy.ts";

/** Documents as they hold for a component, and what they grant. */
export interface OpenedPolicy {
  readonly policy: EffectivePolicy;
  readonly grants: Grants;
}

/**
 * Reads documents without opening anything.
 *
 * @param subject Whom they are for; left out, each holds whoever it is for.
 * @throws CordonError as `Sandbox.open` does for a policy.
 */
export async function openPolicy(
  files: readonly string[],
  folders?: PolicyFolders,
  subject?: PolicySubject,
): Promise<OpenedPolicy> {
  const loaded = await loadDocuments(files, folders);
  const documents = subject === undefined ? loaded.map((one) => ({ ...one, match: undefined })) : loaded;
  const policy = await effectivePolicy(documents, subject ?? { name: "", digest: undefined });
  const base = { ...grantsBase({}), ownPaths: policyPaths(loaded, folders ?? policyFolders()) };
  return { policy, grants: fencedGrants(parseGrants(policy.grants, base), policy, base) };
}
