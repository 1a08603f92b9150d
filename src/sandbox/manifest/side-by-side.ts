import type { Manifest, WholeCapability } from "../../manifest/manifest.ts";
import { requestTexts } from "../../manifest/request-texts.ts";
import type { Grants, NetworkRule, PathGrant, Preopen } from "../../policy/grants.ts";
import { parseNetworkRule } from "../../policy/network-rule.ts";
import type { Limits } from "../../shared/limits/limits.ts";
import { coversName, DEFAULT_PORTS } from "../../host/net/rule-match.ts";

/** One capability, as it is asked for, granted, and both. */
export interface CapabilityRow {
  /** Such as `network`, or `limits.` and the name of a limit. */
  readonly capability: string;
  /** What the manifest asks for; empty for nothing. */
  readonly requested: readonly string[];
  /** What the operator grants. */
  readonly granted: readonly string[];
  /** What the guest has. */
  readonly effective: readonly string[];
}

/** What a manifest is held against. */
export interface Granting {
  readonly grants: Grants;
  readonly limits: Limits;
}

/** Asked for, or granted, without bounds. */
const EVERYTHING = "everything";
/** What neither side's texts say by themselves. */
const BOTH = "what both cover";

const WHOLE: Readonly<Record<string, readonly WholeCapability[]>> = {
  network: ["network"],
  listen: ["listen"],
  lookup: ["lookup"],
  environment: ["environment"],
  stdin: ["stdin"],
  process: ["process"],
  clocks: ["clocks"],
  random: ["random"],
  custom: [],
};

/** What is asked for and what is granted, a row for each capability that either is about, and for each limit that is asked for. */
export function sideBySide(
  { requests }: Manifest,
  { grants, limits }: Granting,
  effective: Grants,
): readonly CapabilityRow[] {
  const { asks } = requestTexts(requests);
  const textsOf = (kind: string): readonly string[] =>
    asks.filter((one) => one.startsWith(`${kind}: `)).map((one) => one.slice(kind.length + 2));
  const [given, left] = [grantTexts(grants), grantTexts(effective)];
  const rows = Object.entries(WHOLE).map(([capability, words]): CapabilityRow => {
    const whole = words.some((one) => requests.whole.includes(one)) ? [EVERYTHING] : [];
    const requested = whole.length > 0 ? whole : textsOf(capability);
    const granted = given[capability] ?? [];
    const both = BY_TEXT.has(capability) ? bothOf(capability, requested, granted) : (left[capability] ?? []);
    return { capability, requested, granted, effective: both };
  });
  const limitRows = Object.entries(requests.limits).map(([name, value]): CapabilityRow => {
    const granted = limits[name as keyof Limits];
    return {
      capability: `limits.${name}`,
      requested: [String(value)],
      granted: [String(granted)],
      effective: [String(Math.min(value, granted))],
    };
  });
  const files = fileRows(requests.whole, textsOf("storage"), grants, effective);
  return [...files, ...rows, ...limitRows].filter(({ requested, granted }) => requested.length + granted.length > 0);
}

/** Those whose effective part is told from the texts: what is left of their grants is checked as both, rule by rule. */
const BY_TEXT: ReadonlySet<string> = new Set(["network", "listen", "lookup"]);

function fileRows(
  whole: readonly WholeCapability[],
  asked: readonly string[],
  granted: Grants,
  effective: Grants,
): readonly CapabilityRow[] {
  return (["read", "write"] as const).map((access) => {
    const isAsked = (text: string): boolean => text.startsWith("read ") === (access === "read");
    const requested = whole.includes(`filesystem-${access}`) ? [EVERYTHING] : asked.filter(isAsked);
    const given = filesOf(granted, access);
    const hasAny = filesOf(effective, access).length > 0;
    const both =
      requested.length === 0 || given.length === 0 || !hasAny ? [] : requested[0] === EVERYTHING ? given : [BOTH];
    return { capability: `filesystem-${access}`, requested, granted: given, effective: both };
  });
}

function filesOf({ filesystemRead, filesystemWrite, preopens }: Grants, access: "read" | "write"): readonly string[] {
  const paths: readonly PathGrant[] = access === "read" ? filesystemRead : filesystemWrite;
  const opened = preopens.filter((one: Preopen) => access === "read" || one.write);
  return [...new Set([...paths, ...opened].map(({ written }) => written))];
}

function grantTexts(grants: Grants): Readonly<Record<string, readonly string[]>> {
  const { network, listen, lookup, environment, stdin, clocks, random, custom } = grants;
  const programs = grants.process.kind === "commands" ? grants.process.commands.map(({ name }) => name) : [];
  return {
    network: writtenOf(network.allow),
    listen: writtenOf(listen),
    lookup: writtenOf(lookup),
    environment: environment.map(([name]) => name),
    stdin: stdin ? ["true"] : [],
    process: grants.process.kind === "full" ? [EVERYTHING] : programs,
    clocks: clocks.kind === "none" ? [] : [clocks.kind],
    random: random.kind === "full" ? [random.kind] : [],
    custom: Object.keys(custom),
  };
}

function writtenOf(rules: readonly { readonly written: string }[]): readonly string[] {
  return [...new Set(rules.map(({ written }) => written))];
}

function bothOf(capability: string, requested: readonly string[], granted: readonly string[]): readonly string[] {
  if (requested.length === 0 || granted.length === 0) return [];
  if (requested[0] === EVERYTHING) return granted;
  const covers = capability === "network" ? coversRule : (one: string, other: string): boolean => one === other;
  const within = granted.filter((one) => requested.some((ask) => covers(ask, one)));
  const asked = requested.filter((ask) => granted.some((one) => covers(one, ask)));
  const left = granted.filter((one) => !within.includes(one));
  const open = requested.filter((ask) => !asked.includes(ask) && left.some((one) => mayMeet(capability, ask, one)));
  return [...new Set([...within, ...asked]), ...(open.length > 0 ? [BOTH] : [])];
}

/** Whether one rule allows all that another does, as far as that can be told from them. */
function coversRule(one: string, other: string): boolean {
  const [outer, inner] = [ruleOf(one), ruleOf(other)];
  if (one === other) return true;
  if (outer === undefined || inner === undefined) return false;
  const schemes = inner.schemes.every((scheme) => outer.schemes.includes(scheme));
  return schemes && coversPorts(outer, inner) && coversTarget(outer, inner);
}

function coversTarget({ target: outer }: NetworkRule, { target: inner }: NetworkRule): boolean {
  if (outer.kind === "any") return true;
  if (inner.kind === "name") return outer.kind !== "block" && coversName(outer, inner.name);
  if (inner.kind === "suffix") {
    return outer.kind === "public" || (outer.kind === "suffix" && `.${inner.suffix}`.endsWith(`.${outer.suffix}`));
  }
  return JSON.stringify(outer) === JSON.stringify(inner);
}

/** Without ports, the default ones of HTTP are meant, each for its own scheme. */
function coversPorts({ ports: outer }: NetworkRule, { ports: inner, schemes }: NetworkRule): boolean {
  return schemes.every((scheme) => {
    const byDefault = DEFAULT_PORTS[scheme];
    const own = byDefault === undefined ? [] : [{ start: byDefault, end: byDefault }];
    return (inner ?? own).every((one) => (outer ?? own).some(({ start, end }) => start <= one.start && one.end <= end));
  });
}

/** Whether two rules may have anything in common: names that differ have not. */
function mayMeet(capability: string, one: string, other: string): boolean {
  const [first, second] = [ruleOf(one), ruleOf(other)];
  if (capability !== "network" || first === undefined || second === undefined) return true;
  if (!first.schemes.some((scheme) => second.schemes.includes(scheme))) return false;
  const [a, b] = [first.target, second.target];
  if (a.kind === "name" && b.kind !== "block") return coversName(b, a.name);
  return b.kind === "name" && a.kind !== "block" ? coversName(a, b.name) : true;
}

function ruleOf(written: string): NetworkRule | undefined {
  const parsed = parseNetworkRule(written, "allow");
  return parsed.ok ? parsed.rule : undefined;
}
