import { CordonError } from "../shared/errors.ts";
import { quoteText } from "../shared/text/quote-text.ts";
import { PUBLISHER_LEVELS, type PublisherLevel } from "../shared/publisher-level.ts";
import { assertKeyName, type TrustedKey } from "./trusted-key.ts";

/** Who has to have signed what is run. */
export interface SignatureRequirement {
  /** These keys, or any that is trusted. */
  readonly names: readonly string[] | "any";
  /** How many different ones, at least 1. */
  readonly threshold: number;
  /** The least level of those that count. */
  readonly level: PublisherLevel;
}

/** The most names, and the highest threshold. */
const MAX_SIGNERS = 256;

/** The level that counts where none is asked for. */
const DEFAULT_LEVEL: PublisherLevel = "community";

/** What a requirement is written as. */
export interface RequirementInput {
  /** Whose signatures count: nobody has to have signed, any key that is trusted, or the keys of these names. */
  readonly require: "none" | "any" | readonly string[];
  /** How many of them are needed. Default 1 for `any`, and all of them for names. */
  readonly threshold?: number | undefined;
  /** How far a key has to be trusted at least to count; default `community`. */
  readonly level?: PublisherLevel | undefined;
}

/**
 * Reads a requirement.
 *
 * @returns `undefined` for `none`.
 * @throws CordonError `usage` for one that is none, or that nobody can meet.
 */
export function parseRequirement({
  require: names,
  threshold,
  level,
}: RequirementInput): SignatureRequirement | undefined {
  if (names === "none") {
    if (threshold === undefined && level === undefined) return undefined;
    throw wrong("a threshold or level says nothing where no signature is required");
  }
  const listed = names === "any" ? "any" : [...new Set(names)];
  if (listed !== "any") {
    if (listed.length === 0) throw wrong('the list of names is empty; write "none" if that is meant');
    if (listed.length > MAX_SIGNERS) throw wrong(`there are more than ${MAX_SIGNERS} names`);
    for (const name of listed) assertKeyName(name);
  }
  const most = listed === "any" ? MAX_SIGNERS : listed.length;
  const needed = threshold ?? (listed === "any" ? 1 : listed.length);
  if (!Number.isSafeInteger(needed) || needed < 1 || needed > most) {
    throw wrong(`the threshold is a whole number from 1 to ${most}`);
  }
  return { names: listed, threshold: needed, level: level ?? DEFAULT_LEVEL };
}

/**
 * Whether those who signed are enough.
 *
 * @param signers Keys whose signature holds, each once.
 * @param now In milliseconds since 1970.
 * @throws CordonError `signature` when they are not, with why each of them does not count.
 */
export function assertSignedBy(
  requirement: SignatureRequirement,
  signers: readonly TrustedKey[],
  { what, now }: { readonly what: string; readonly now: number },
): readonly TrustedKey[] {
  const judged = signers.map((key) => ({ key, against: whyNot(key, requirement, now) }));
  const counted = judged.filter(({ against }) => against === undefined).map(({ key }) => key);
  if (counted.length >= requirement.threshold) return counted;
  const others = judged.filter(({ against }) => against !== undefined);
  const listed = others.map(({ key, against }) => `${key.name} ${against ?? ""}`);
  const found = counted.length === 0 ? "none" : counted.map(({ name }) => name).join(", ");
  const rest = listed.length === 0 ? "" : `; not counted: ${listed.join(", ")}`;
  throw new CordonError("signature", `Cannot trust ${what}: ${needed(requirement)}, and has ${found}${rest}`);
}

/** Why a signature of a key does not count; `undefined` when it does. */
export function whyNot(key: TrustedKey, { names, level }: SignatureRequirement, now: number): string | undefined {
  if (key.revoked !== undefined) return "is revoked";
  if (key.from !== undefined && now < key.from) return "is not valid yet";
  if (key.until !== undefined && now >= key.until) return "is not valid any more";
  if (names !== "any" && !names.includes(key.name)) return "is not asked for";
  if (key.level === "unverified") return "is unverified";
  const [found, least] = [key.level, level].map((one) => PUBLISHER_LEVELS.indexOf(one));
  return (found ?? -1) < (least ?? Number.POSITIVE_INFINITY)
    ? `is of the level ${key.level}, below ${level}`
    : undefined;
}

function needed({ names, threshold }: SignatureRequirement): string {
  if (names === "any") return `it needs ${threshold} signature${threshold === 1 ? "" : "s"} of trusted keys`;
  const listed = names.map((name) => quoteText(name)).join(", ");
  return names.length === 1
    ? `it needs the signature of ${listed}`
    : `it needs ${threshold} of the signatures of ${listed}`;
}

function wrong(why: string): CordonError {
  return new CordonError("usage", `Cannot require signatures: ${why}`);
}
