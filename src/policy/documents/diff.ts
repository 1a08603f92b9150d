import type { GrantsInput } from "../parse-grants.ts";
import type { PolicyDocument } from "./policy-document.ts";

/** What one policy has that another has not, each in words. */
export interface PolicyDiff {
  /** What may be done under the second, and not under the first; as far as rules can be compared one by one. */
  readonly gained: readonly string[];
  /** What may no longer be done. */
  readonly lost: readonly string[];
}

/** Compares what two documents say: a permission more, a denial less or a wider limit is gained. */
export function diffPolicies(first: PolicyDocument, second: PolicyDocument): PolicyDiff {
  const [before, after] = [sayings(first), sayings(second)];
  const limits = diffLimits(first, second);
  return {
    gained: [
      ...only(after.allowed, before.allowed),
      ...only(before.denied, after.denied).map((text) => `no longer denied: ${text}`),
      ...limits.gained,
    ],
    lost: [
      ...only(before.allowed, after.allowed),
      ...only(after.denied, before.denied).map((text) => `denied: ${text}`),
      ...limits.lost,
    ],
  };
}

function only(one: ReadonlySet<string>, other: ReadonlySet<string>): readonly string[] {
  return [...one].filter((text) => !other.has(text)).toSorted();
}

/** What is allowed and denied, each as a text that is the same for what is the same. */
export interface Sayings {
  readonly allowed: ReadonlySet<string>;
  readonly denied: ReadonlySet<string>;
}

function sayings({ grants, fence, match }: PolicyDocument): Sayings {
  const { allowed, denied } = grantSayings(grants);
  const others = new Set(denied);
  if (fence !== undefined) others.add(`fence: ${JSON.stringify([fence.grants, fence.limits])}`);
  if (match !== undefined) others.add(`match: ${JSON.stringify(match)}`);
  return { allowed, denied: others };
}

/** What grants as documents have them allow and deny. */
export function grantSayings(grants: GrantsInput): Sayings {
  const [allowed, denied] = [new Set<string>(), new Set<string>()];
  const { filesystem = {}, network, environment, ...others } = grants;
  for (const [rules, into] of [[filesystem.allow, allowed] as const, [filesystem.deny, denied] as const]) {
    for (const rule of rules ?? []) {
      const {
        uri,
        access = ["every access"],
        maxFileBytes,
        from,
      } = typeof rule === "string" ? { uri: rule, access: undefined, maxFileBytes: undefined, from: undefined } : rule;
      const place = uri.startsWith("fs:///") ? uri : `${uri} (from ${from ?? "."})`;
      const bound = maxFileBytes === undefined ? "" : ` up to ${maxFileBytes} bytes`;
      for (const one of access) into.add(`storage: ${one} ${place}${bound}`);
    }
  }
  const parts = typeof network === "object" ? network : {};
  for (const [rules, into] of [[parts.allow, allowed] as const, [parts.deny, denied] as const]) {
    for (const rule of rules ?? []) into.add(`network: ${typeof rule === "string" ? rule : rule.rule}`);
  }
  if (typeof environment === "object") {
    const { allow = [], set = {}, deny = [] } = environment;
    for (const name of allow === "all" ? ["every one"] : allow) allowed.add(`environment: ${name}`);
    for (const [name, value] of Object.entries(set)) allowed.add(`environment: ${name}=${value}`);
    for (const name of deny) denied.add(`environment: ${name}`);
  }
  for (const [name, value] of Object.entries(others)) {
    if (value === false || value === "none") continue;
    for (const one of Array.isArray(value) ? (value as readonly unknown[]) : [value]) {
      allowed.add(`${name}: ${typeof one === "string" ? one : JSON.stringify(one)}`);
    }
  }
  return { allowed, denied };
}

function diffLimits(first: PolicyDocument, second: PolicyDocument): PolicyDiff {
  const [before, after] = [first.limits ?? {}, second.limits ?? {}];
  const [gained, lost]: [string[], string[]] = [[], []];
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, made] = [before, after].map((one) => (one as Readonly<Record<string, string | number>>)[name]);
    if (old === made) continue;
    const text = `limits: ${name} ${old ?? "by default"} -> ${made ?? "by default"}`;
    // Which of two is wider is known of numbers alone; what is not known counts as gained.
    if (typeof old === "number" && typeof made === "number" && made < old) lost.push(text);
    else gained.push(text);
  }
  return { gained, lost };
}
