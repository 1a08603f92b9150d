import { diffPolicies, type PolicyDiff } from "./diff-policies.ts";
import type { PolicyDocument } from "../../../policy/documents/policy-document.ts";

/** Says nothing. */
const EMPTY: PolicyDocument = {
  file: "",
  description: undefined,
  match: undefined,
  grants: {},
  limits: undefined,
  isolation: undefined,
  signature: undefined,
  secrets: [],
  fence: undefined,
  enforce: "deny",
  rates: [],
  audit: undefined,
  warnings: [],
  rules: [],
};

/** Compares all documents that hold with those that are to follow, each with the one of the same file. */
export function diffDocuments(before: readonly PolicyDocument[], after: readonly PolicyDocument[]): PolicyDiff {
  const [gained, lost] = [new Set<string>(), new Set<string>()];
  for (const file of new Set([...before, ...after].map((one) => one.file))) {
    const [old, made] = [before, after].map((all) => all.find((one) => one.file === file) ?? EMPTY);
    if (old === undefined || made === undefined) continue;
    const found = diffPolicies(old, made);
    for (const text of found.gained) gained.add(text);
    for (const text of found.lost) lost.add(text);
    // Which of two is the stricter is not told; what is not known counts as gained.
    for (const name of ["isolation", "reload", "signature", "secrets", "enforce", "rates", "audit"] as const) {
      if (JSON.stringify(old[name]) !== JSON.stringify(made[name])) gained.add(`${name} is another`);
    }
  }
  return { gained: [...gained], lost: [...lost] };
}
