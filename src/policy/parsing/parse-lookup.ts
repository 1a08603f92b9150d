import type { LookupRule, NetworkRule } from "../grants.ts";
import { parseTarget } from "../network-pattern.ts";
import { type Problems, quote, strings } from "../problems.ts";

/** Names that a guest may look up: `any`, or exact names and `*.SUFFIX`. */
export type LookupInput = "none" | "any" | readonly string[];

/**
 * Reads which names a guest may look up; what is wrong goes to `problems`. Rules that let raw sockets reach a name, or anything at
 * all, grant the lookup that they would be useless without.
 */
export function parseLookup(
  value: unknown,
  reachable: readonly NetworkRule[],
  problems: Problems,
): readonly LookupRule[] {
  const written = value === "any" ? ["*"] : value === "none" ? [] : strings(value, "lookup", problems);
  return Object.freeze([...written.flatMap((one) => parseRule(one, problems)), ...reachable.flatMap(impliedRule)]);
}

function parseRule(written: string, problems: Problems): readonly LookupRule[] {
  if (written === "*" || written === "any") return [Object.freeze({ target: Object.freeze({ kind: "any" }), written })];
  const parsed = parseTarget(written);
  if (parsed.ok && isLookupTarget(parsed.target)) return [Object.freeze({ target: parsed.target, written })];
  const why = parsed.ok ? "it is not a name" : parsed.problem;
  problems.push(`Cannot grant looking up ${quote(written)}: ${why}; write NAME, *.SUFFIX or * for any name`);
  return [];
}

function impliedRule({ schemes, target, ports, written }: NetworkRule): readonly LookupRule[] {
  const isRaw = schemes.includes("tcp") || schemes.includes("udp");
  if (!isRaw || ports === undefined || !isLookupTarget(target)) return [];
  return [Object.freeze({ target, written })];
}

function isLookupTarget(target: NetworkRule["target"]): target is LookupRule["target"] {
  return target.kind !== "block" && target.kind !== "public";
}
