import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { combineGrants } from "../../policy/documents/combine.ts";
import {
  asksForDigest,
  asksForSigners,
  effectivePolicy,
  type EffectivePolicy,
  type PolicySubject,
} from "../../policy/documents/effective.ts";
import { faultText } from "../../policy/documents/fault.ts";
import { loadDocuments, policyFolders, type PolicyFolders } from "../../policy/documents/load-documents.ts";
import type { DocumentLimits, PolicyDocument } from "../../policy/documents/policy-document.ts";
import { withinFence } from "../../policy/fence.ts";
import type { Grants } from "../../policy/grants.ts";
import { deniedNames, hasName } from "../../policy/parsing/parse-environment.ts";
import { type GrantsBase, type GrantsInput, parseGrants } from "../../policy/parsing/parse-grants.ts";
import type { Limits } from "../../shared/limits/limits.ts";
import { cacheDirectory, configDirectory, stateDirectory } from "../../shared/machine/xdg.ts";
import { HostFunctions } from "../host-functions/host-functions.ts";
import { beginReading, type ComponentSource, sourceName } from "../loading/source.ts";
import { deterministicGrants } from "../options/deterministic.ts";
import { atMost, limitsFrom, type LimitsInput } from "../options/limit-options.ts";
import { secretRules } from "../options/secret-options.ts";
import {
  grantsBase,
  type PolicyInput,
  type PolicyLearner,
  type ReadSandboxOptions,
} from "../options/sandbox-options.ts";
import type { OpenedOptions } from "./policy-in-use.ts";

/**
 * Adds what policy documents say to the options of a sandbox. What a document's digest was compared with are the bytes that are loaded.
 *
 * @throws CordonError `policy` for what is wrong with the documents, or with the grants together.
 */
export async function withPolicy(
  source: ComponentSource,
  read: ReadSandboxOptions,
  policy: PolicyInput,
  folders: PolicyFolders = policyFolders(),
): Promise<OpenedOptions> {
  const { options } = read;
  const asked = typeof policy === "string" ? { files: [policy] } : "length" in policy ? { files: policy } : policy;
  const isDiscovering = "folders" in asked && asked.folders === true;
  const files = (asked.files ?? []).map((file) => file);
  const learner = "learn" in asked ? asked.learn : undefined;
  const found = await loadDocuments(files, isDiscovering ? folders : undefined);
  const loaded = learner === undefined ? found : await boundsOf(found, learner.fence);
  if (loaded.length === 0 && learner === undefined) return { ...read, source };
  const subject = await subjectOf(source, read, loaded);
  const effective = await effectivePolicy(loaded, subject);
  const own = grantsBase(options);
  const base = { ...own, ownPaths: [...own.ownPaths, ...policyPaths(loaded, folders, options.cache)] };
  const granted = combineGrants([effective.grants, options.grants ?? {}]);
  const strict = fencedGrants(parseGrants(deterministicGrants(granted, options.deterministic), base), effective, base);
  const { grants, usesOf } = learner
    ? await learnedPolicy(strict, granted, learner)
    : effective.isLogged
      ? await loggedPolicy(effective, strict, { options, base })
      : { grants: strict, usesOf: undefined };
  const mostLimits = tightest(effective.fences.flatMap(({ limits }) => (limits === undefined ? [] : [limits])));
  const limits = atMost(limitsFrom(options.limits, limitsFrom(tightest(effective.limits))), mostLimits);
  return {
    ...read,
    options: { ...options, name: options.name ?? subject.name, isolation: isolationOf(options.isolation, effective) },
    grants,
    limits,
    mostLimits,
    hostFunctions: new HostFunctions(options.hostFunctions ?? [], grants.custom),
    source: subject.source,
    documents: effective.documents,
    signatures: effective.signatures,
    secretRules: secretRules([...effective.secrets, ...(options.secrets ?? [])]),
    usesOf,
    rates: effective.rates,
    audits: effective.audits,
    policy: Object.freeze({
      version: effective.version,
      documents: effective.documents.map(({ file }) => file),
      warnings: [...effective.warnings.map(faultText), ...effective.documents.flatMap(logNotice)],
    }),
  };
}

/** What is granted under documents that only record what they deny, which nothing else loads. */
async function loggedPolicy(
  effective: EffectivePolicy,
  strict: Grants,
  { options, base }: { readonly options: ReadSandboxOptions["options"]; readonly base: GrantsBase },
): Promise<Pick<OpenedOptions, "grants" | "usesOf">> {
  const { comparing, loggedGrants } = await import("./log-only.ts");
  const wide = loggedGrants(effective, options.grants ?? {}, base, options.deterministic);
  return { grants: fencedGrants(wide, effective, base), usesOf: comparing(strict) };
}

/** Grants from which a component is learned. */
async function learnedPolicy(
  grants: Grants,
  input: GrantsInput,
  learner: PolicyLearner,
): Promise<Pick<OpenedOptions, "grants" | "usesOf">> {
  const { watched } = await import("./log-only.ts");
  const told = watched(grants);
  return { grants: told, usesOf: learner.begin(told, input) };
}

/** What bounds a component that is learned from: denials and fences of the documents that are for it, and all of the named fence. */
async function boundsOf(
  found: readonly PolicyDocument[],
  fence: string | undefined,
): Promise<readonly PolicyDocument[]> {
  const { denialsOf } = await import("./log-only.ts");
  const denying = found.map((one): PolicyDocument => ({ ...one, enforce: "deny", grants: denialsOf(one.grants) }));
  const named = fence === undefined ? [] : await loadDocuments([fence], undefined);
  return [
    ...denying,
    ...named.map((one): PolicyDocument => {
      const { grants, limits } = one.fence ?? one;
      const granted = one.fence === undefined ? grants : combineGrants([grants, denialsOf(one.grants)]);
      return { ...one, match: undefined, enforce: "deny", grants: granted, limits, fence: undefined };
    }),
  ];
}

function logNotice({ file, enforce }: PolicyDocument): readonly string[] {
  if (enforce !== "log") return [];
  return [`${file}: enforce: log lets everything pass that this document denies, and records it as would-deny`];
}

async function subjectOf(
  source: ComponentSource,
  { options, limits }: ReadSandboxOptions,
  loaded: readonly PolicyDocument[],
): Promise<PolicySubject & { readonly source: ComponentSource }> {
  const name = options.name ?? sourceName(source);
  if (!asksForDigest(loaded) && !asksForSigners(loaded)) return { name, digest: undefined, source };
  const signal = options.signal ?? new AbortController().signal;
  const { bytes } = await beginReading(source, limits.maxComponentBytes)(signal);
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  const signers = asksForSigners(loaded) ? await (await import("./signers.ts")).signersOf(bytes, options) : undefined;
  return { name, digest, signers, source: bytes };
}

/** What documents and options grant, within every fence. */
export function fencedGrants(grants: Grants, { fences }: Pick<EffectivePolicy, "fences">, base: GrantsBase): Grants {
  return fences.reduce(
    (within, fence) => withinFence(within, parseGrants(fence.grants, base), fencedVariables(fence.grants)),
    grants,
  );
}

/** The names of variables that a fence lets a guest see. A denial wins in it, too. */
export function fencedVariables({ environment }: GrantsInput): readonly string[] {
  if (typeof environment !== "object") return [];
  const { allow = [], set = {}, deny = [] } = environment;
  return [...(allow === "all" ? [] : allow), ...Object.keys(set)].filter((name) => !hasName(deniedNames(deny), name));
}

/** Of each limit that is set at all, the least. */
export function tightest(all: readonly DocumentLimits[]): Partial<Limits> {
  const least: Partial<Record<keyof Limits, number>> = {};
  for (const { profile, ...single } of all) {
    const given: LimitsInput = profile === undefined ? single : { profile, ...single };
    const complete = limitsFrom(given);
    const set = (profile === undefined ? Object.keys(single) : Object.keys(complete)) as (keyof Limits)[];
    for (const name of set) least[name] = Math.min(least[name] ?? complete[name], complete[name]);
  }
  return least;
}

/** The stronger of the two wins. */
function isolationOf(
  asked: "thread" | "process" | "auto" | undefined,
  { isolation }: EffectivePolicy,
): "thread" | "process" | "auto" | undefined {
  return (["process", "auto", "thread"] as const).find((level) => level === asked || level === isolation);
}

/** What no document grants: Cordon's own state, caches and settings, and the documents that were read, whoever they are for. */
export function policyPaths(
  documents: readonly PolicyDocument[],
  { user, machine }: PolicyFolders,
  cache?: ReadSandboxOptions["options"]["cache"],
): readonly string[] {
  const configured = typeof cache === "object" ? cache.directory : undefined;
  const folders = [cacheDirectory(), configDirectory(), stateDirectory(), configured, user, machine, "/etc/cordon"];
  const files = documents.flatMap(({ file, audit }) => [resolve(file), ...(audit === undefined ? [] : [audit.file])]);
  return [...new Set([...folders.filter((folder) => folder !== undefined), ...files])];
}
