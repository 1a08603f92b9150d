import type { PermissionsShape, PolicyShape, StorageEntry } from "../../../policy/documents/policy-shape.ts";
import type { Grants } from "../../../policy/grants.ts";
import type { GrantsInput } from "../../../policy/parsing/parse-grants.ts";
import type { Use } from "../../../shared/use.ts";
import type { LearnedFrom } from "./learner.ts";
import { learnFiles } from "./learn-files.ts";
import { learnNetwork } from "./learn-network.ts";
import { withoutNeedless } from "./needless.ts";

/** A document that was learned. */
export interface LearnedDocument {
  readonly shape: PolicyShape;
  /** What it says nothing of, each on one line, for who reads it. */
  readonly notes: readonly string[];
}

/**
 * The smallest document that covers what was used, in exact terms: run under it, the same run is denied nothing more, and without any of
 * its rules it is.
 *
 * @param granted Reads a document's permissions as they would be granted.
 */
export function learnedDocument(
  { uses, grants, input, isIncomplete }: LearnedFrom,
  granted: (permissions: PermissionsShape) => Grants,
): LearnedDocument {
  const { allow, listen, lookup } = learnNetwork(uses);
  const storage = learnFiles(uses, grants);
  const variables = [...new Set(uses.flatMap((use) => (use.kind === "variable" ? [use.name] : [])))];
  const commands = [...new Set(uses.flatMap((use) => (use.kind === "process" ? [use.command] : [])))];
  const permissions: PermissionsShape = {
    ...listed("storage", storage),
    ...listed("network", allow),
    ...listed(
      "environment",
      variables.map((key) => ({ key, ...valueOf(key, input) })),
    ),
    ...(listen.length === 0 ? {} : { listen }),
    ...(lookup.length === 0 ? {} : { lookup: lookup.includes("any") ? "any" : lookup }),
    ...(commands.length === 0 ? {} : { process: commands }),
    ...givenOf(uses, grants, input),
    ...customOf(uses, input),
  };
  const { permissions: least, uncovered } = withoutNeedless(permissions, uses, granted);
  return {
    shape: { version: "1.0", ...(Object.keys(least).length === 0 ? {} : { permissions: least }) },
    notes: [
      ...uncovered.map((reason) => `not covered, since no rule says it: ${reason}`),
      ...variablesNote(uses, grants),
      ...(isIncomplete ? ["more was used than could be remembered: what is here may not be enough"] : []),
    ],
  };
}

function listed<T extends StorageEntry | object>(
  key: string,
  allow: readonly T[],
): Record<string, { readonly allow: readonly T[] }> {
  return allow.length === 0 ? {} : { [key]: { allow } };
}

function valueOf(name: string, { environment }: GrantsInput): { readonly value?: string } {
  const set = typeof environment === "object" ? environment.set : undefined;
  const value = set !== undefined && Object.hasOwn(set, name) ? set[name] : undefined;
  return value === undefined ? {} : { value };
}

/** What was given where less would be given in its place: it is no denial, and would change what the guest sees. */
function givenOf(uses: readonly Use[], { clocks, random }: Grants, input: GrantsInput): PermissionsShape {
  const isGiven = (what: string): boolean => uses.some((use) => use.kind === "given" && use.what === what);
  return {
    ...(isGiven("stdin") ? { stdin: true } : {}),
    ...(isGiven("clocks") && clocks.kind !== "none" && input.clocks !== undefined ? { clocks: input.clocks } : {}),
    ...(isGiven("random") && random.kind !== "none" && input.random !== undefined ? { random: input.random } : {}),
  };
}

function customOf(uses: readonly Use[], { custom = {} }: GrantsInput): PermissionsShape {
  const names = new Set(uses.flatMap((use) => (use.kind === "custom" ? [use.capability] : [])));
  const used = Object.entries(custom).filter(([name]) => names.has(name));
  return used.length === 0 ? {} : { custom: Object.fromEntries(used) };
}

/** Which variables a program uses that gets all of them at once, nobody can see. */
function variablesNote(uses: readonly Use[], { environment }: Grants): readonly string[] {
  if (!uses.some((use) => use.kind === "given" && use.what === "variables")) return [];
  const names = environment.map(([name]) => name).join(", ");
  return [`the guest was given all of these variables at once, and which it needs is not seen: ${names}`];
}
