import type { AuditObservation } from "../../audit/event.ts";
import type { UseLabel } from "../../host/uses.ts";
import { combineGrants } from "../../policy/documents/combine.ts";
import type { EffectivePolicy } from "../../policy/documents/effective.ts";
import type { PolicyDocument } from "../../policy/documents/policy-document.ts";
import type { Grants, Preopen } from "../../policy/grants.ts";
import type { EnvironmentInput } from "../../policy/parsing/parse-environment.ts";
import { type GrantsBase, type GrantsInput, parseGrants } from "../../policy/parsing/parse-grants.ts";
import { kernelProblem } from "../../policy/real-path.ts";
import { storageRules } from "../../policy/storage/parse-storage.ts";
import type { StorageRules } from "../../policy/storage/storage-rules.ts";
import type { UsesListener } from "./uses-listener.ts";
import { type DeterministicInput, deterministicGrants } from "../options/deterministic.ts";
import { refusalOf } from "./decide-use.ts";

/**
 * What a document could grant at most that says no more than its kind of access. Programs, the embedder's functions and the variables that
 * are handed over all at once are not among it: a program would pass every denial that still holds, of the others nobody can say what
 * they would give away.
 */
const EVERYTHING: GrantsInput = {
  filesystem: { allow: [{ uri: "fs:///**", access: ["read", "write"] }] },
  network: { allow: ["any:*"] },
  lookup: "any",
  listen: ["0.0.0.0:*", "[::]:*"],
};

/** Variables are asked for by name; see {@link EVERYTHING}. */
const EVERY_VARIABLE: EnvironmentInput = { allow: "all" };

/**
 * What is granted where a document only records what it denies: what all documents and the options grant, and in addition what the fences
 * let through, or everything where there is none. What other documents deny stays denied.
 *
 * @param granted What documents and options grant together.
 */
export function loggedGrants(
  { documents, fences }: Pick<EffectivePolicy, "documents" | "fences">,
  own: GrantsInput,
  base: GrantsBase,
  deterministic: DeterministicInput | undefined,
): Grants {
  const said = documents.map(({ grants, enforce }) => (enforce === "log" ? withoutDenials(grants) : grants));
  const further =
    fences.length === 0 ? [EVERYTHING] : fences.map(({ grants }) => withoutVariables(withoutDenials(grants)));
  const wide = renamed(combineGrants([...further, ...said, own]));
  const random = wide.random === "none" ? { ...wide, random: "pseudo" as const } : wide;
  const grants = parseGrants(deterministicGrants(random, deterministic), base);
  const variables = fences.length === 0 ? [EVERY_VARIABLE] : fences.flatMap(({ grants }) => grants.environment ?? []);
  const denied = combineGrants(said.map(denialsOf)).environment;
  const byName = combineGrants(
    [...variables, ...(denied === undefined ? [] : [denied])].map((environment) => ({ environment })),
  );
  const environmentByName = parseGrants(byName, base).environment;
  return watched({ ...grants, preopens: grants.preopens.map(openedWhole), environmentByName });
}

/** A folder that a document opens as `/` keeps the name: then the whole tree has another one. */
function renamed(grants: GrantsInput): GrantsInput {
  const { allow = [], preopens = [] } = grants.filesystem ?? {};
  const isTaken =
    allow.some(({ guest }) => guest === "/") ||
    preopens.some((one) => (typeof one === "string" ? one.includes("::/") : one.guest === "/"));
  if (!isTaken) return grants;
  const rules = allow.map((rule) =>
    EVERYTHING.filesystem?.allow?.includes(rule) === true ? { ...rule, guest: "/host" } : rule,
  );
  return { ...grants, filesystem: { ...grants.filesystem, allow: rules } };
}

/** What a folder is opened for is left to its rules, which are all that says so here. */
function openedWhole(preopen: Preopen): Preopen {
  if (kernelProblem(preopen.root, true) !== undefined) return preopen;
  return Object.freeze({ ...preopen, write: true, create: true, delete: true });
}

/** Grants whose uses are told. Every folder and path has rules, since they are where uses of files are found out. */
export function watched(grants: Grants): Grants {
  return Object.freeze({
    ...grants,
    filesystemRead: grants.filesystemRead.map(ruled),
    filesystemWrite: grants.filesystemWrite.map(ruled),
    preopens: grants.preopens.map(ruled),
    reportsUses: true,
  });
}

function ruled<T extends { readonly rules?: StorageRules }>(grant: T): T {
  const rules = storageRules({ allow: undefined, deny: [], fences: [], deniedPaths: [] });
  return grant.rules === undefined ? Object.freeze({ ...grant, rules }) : grant;
}

/** What a document denies, and nothing that it allows. */
export function denialsOf({ filesystem, network, environment }: PolicyDocument["grants"]): GrantsInput {
  const denied = typeof environment === "object" ? environment.deny : undefined;
  return {
    ...(filesystem?.deny === undefined ? {} : { filesystem: { deny: filesystem.deny } }),
    ...(typeof network === "object" && network.deny !== undefined ? { network: { deny: network.deny } } : {}),
    ...(denied === undefined ? {} : { environment: { allow: [], deny: denied } }),
  };
}

function withoutDenials({ filesystem, network, environment, ...others }: GrantsInput): GrantsInput {
  const { deny: _files, ...files } = filesystem ?? {};
  return {
    ...others,
    ...(filesystem === undefined ? {} : { filesystem: files }),
    ...(network === undefined ? {} : { network: typeof network === "object" ? { ...network, deny: [] } : network }),
    ...(environment === undefined ? {} : { environment: withoutDenied(environment) }),
  };
}

function withoutDenied(environment: EnvironmentInput): EnvironmentInput {
  if (typeof environment === "string") return environment;
  const { deny: _denied, ...parts } = environment;
  return parts;
}

function withoutVariables({ environment: _left, ...grants }: GrantsInput): GrantsInput {
  return grants;
}

/** Compares what was used with what the documents say, and has what they would have denied recorded. */
export function comparing(strict: Grants): UsesListener {
  return (label, uses) => {
    if (uses === "untold") return wouldDeny(label, "what it used was too long to be compared with the policy");
    for (const use of uses) {
      const reason = refusalOf(use, strict);
      if (reason !== undefined) return wouldDeny(label, reason);
    }
    return undefined;
  };
}

function wouldDeny({ eventType, action, resource }: UseLabel, reason: string): AuditObservation {
  return { eventType, action, resource, result: "would-deny", reason };
}
