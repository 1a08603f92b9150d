import { isDeepStrictEqual } from "node:util";
import type { PolicyDocument, PolicyFence } from "../../../policy/documents/policy-document.ts";
import type { Grants } from "../../../policy/grants.ts";
import { type GrantsInput, parseGrants } from "../../../policy/parsing/parse-grants.ts";
import type { StorageRules } from "../../../policy/storage/storage-rules.ts";
import type { Gain } from "./gain.ts";
import { networkGains } from "./network-gains.ts";
import { otherGains, surroundingGains, variableGains } from "./other-gains.ts";
import { storageGains, type StorageSayings } from "./storage-gains.ts";

/** What one policy allows that another does not, each in words. */
export interface PolicyDiff {
  /** What may be done under the second, and not under the first; and what cannot be ruled out, which says so. */
  readonly gained: readonly string[];
  /** What may no longer be done. */
  readonly lost: readonly string[];
}

/**
 * Compares what two documents allow, however it is written: what is gained is never missed.
 *
 * @throws CordonError `policy` for what would be no grants.
 */
export function diffPolicies(first: PolicyDocument, second: PolicyDocument): PolicyDiff {
  const [before, after] = [sayings(first), sayings(second)];
  return {
    gained: texts(gains(before, after), "no longer denied"),
    // What might be lost is no news.
    lost: texts(
      gains(after, before).filter(({ undecided }) => undecided !== true),
      "denied",
    ),
  };
}

function texts(all: readonly Gain[], denied: string): readonly string[] {
  const words = all.map((gain) => {
    const text = gain.denied === true ? `${denied}: ${gain.text}` : gain.text;
    return gain.undecided === true ? `not decided, so taken as gained: ${text}` : text;
  });
  return [...new Set(words)].toSorted();
}

interface Sayings {
  readonly document: PolicyDocument;
  readonly grants: Grants;
  readonly fence: Grants | undefined;
  readonly storage: StorageSayings;
}

function sayings(document: PolicyDocument): Sayings {
  const fence = document.fence === undefined ? undefined : granted(document.fence.grants);
  const grants = granted(document.grants);
  const own = rulesOf(grants);
  const bound = fence === undefined ? undefined : rulesOf(fence);
  const storage = {
    allow: own.allow ?? [],
    deny: [...own.deny, ...(bound?.deny ?? [])],
    fences: bound === undefined ? [] : [bound.allow ?? []],
  };
  return { document, grants, fence, storage };
}

/** Grants as they are now: links are resolved, as when a component is opened. Under which name a folder is opened says nothing of what may be done. */
function granted(input: GrantsInput): Grants {
  const { filesystem, ...others } = input;
  const allow = filesystem?.allow?.map(({ guest: _guest, opens: _opens, ...rule }) => rule);
  return parseGrants(
    { ...others, filesystem: { ...filesystem, ...(allow === undefined ? {} : { allow }), read: ["/"] } },
    { cwd: "/", env: process.env },
  );
}

/** The denials are those of every path, the permissions those of the rules. */
function rulesOf({ filesystemRead, filesystemWrite }: Grants): Pick<StorageRules, "allow" | "deny"> {
  const all = [...filesystemRead, ...filesystemWrite].flatMap(({ rules }) => rules ?? []);
  return { allow: all.find(({ allow }) => allow !== undefined)?.allow ?? [], deny: all[0]?.deny ?? [] };
}

function gains(before: Sayings, after: Sayings): readonly Gain[] {
  const environment = (of: Sayings): GrantsInput["environment"] => of.document.grants.environment;
  return [
    ...storageGains(before.storage, after.storage),
    ...networkGains(networkOf(before), networkOf(after)),
    ...variableGains(environment(before), environment(after)),
    ...otherGains(before.grants, after.grants),
    ...surroundingGains(before.document, after.document),
    ...fenceGains(before.document.fence, after.document.fence),
  ];
}

function networkOf({ grants: { network }, fence }: Sayings): Grants["network"] {
  if (fence === undefined) return network;
  return { allow: network.allow, deny: [...network.deny, ...fence.network.deny], fences: [fence.network.allow] };
}

/** A fence bounds other documents too, so that one which is gone or lets more through is a gain whatever is beside it. */
function fenceGains(before: PolicyFence | undefined, after: PolicyFence | undefined): readonly Gain[] {
  if (before === undefined) return [];
  if (after === undefined) return [{ text: "fence: other documents are bounded by none" }];
  if (isDeepStrictEqual(before.grants, after.grants)) return [];
  const [old, made] = [granted(before.grants), granted(after.grants)];
  return [
    ...storageGains(boundsOf(old), boundsOf(made)),
    ...networkGains(old.network, made.network),
    ...variableGains(before.grants.environment, after.grants.environment),
    ...otherGains(old, made),
  ].map((gain) => ({ ...gain, text: `fence: ${gain.text}` }));
}

function boundsOf(grants: Grants): StorageSayings {
  return { allow: rulesOf(grants).allow ?? [], deny: rulesOf(grants).deny, fences: [] };
}
