import { isDeepStrictEqual } from "node:util";
import { isInBlock } from "../../../host/net/addresses.ts";
import type { PolicyDocument } from "../../../policy/documents/policy-document.ts";
import { rateWords } from "../../../policy/rate.ts";
import type { Grants } from "../../../policy/grants.ts";
import { deniedNames } from "../../../policy/parsing/parse-environment.ts";
import type { GrantsInput } from "../../../policy/parsing/parse-grants.ts";
import { limitsFrom } from "../../options/limit-options.ts";
import type { Gain } from "./gain.ts";

/** What is gained of all that has no patterns: each thing is there or not, or more or less. */
export function otherGains(before: Grants, after: Grants): readonly Gain[] {
  return [
    ...after.listen
      .filter((rule) => !before.listen.some((one) => covers(one, rule)))
      .map(({ written }) => ({ text: `listen: ${written}` })),
    ...after.lookup
      .filter(({ target }) => !before.lookup.some((one) => looksUp(one.target, target)))
      .map(({ written }) => ({ text: `lookup: ${written}` })),
    ...(after.stdin && !before.stdin ? [{ text: "stdin" }] : []),
    ...processGains(before, after),
    ...(isDeepStrictEqual(before.clocks, after.clocks) || after.clocks.kind === "virtual"
      ? []
      : [{ text: `clocks: ${JSON.stringify(after.clocks)}` }]),
    ...(isDeepStrictEqual(before.random, after.random) || after.random.kind === "none"
      ? []
      : [{ text: `random: ${after.random.kind}` }]),
    ...Object.entries(after.custom)
      .filter(([name, value]) => !Object.hasOwn(before.custom, name) || !isDeepStrictEqual(before.custom[name], value))
      .filter(([, value]) => value.kind !== "boolean" || value.value)
      .map(([name, value]) => ({ text: `custom: ${name} ${JSON.stringify(value)}` })),
  ];
}

type Listen = Grants["listen"][number];

function covers(outer: Listen, inner: Listen): boolean {
  return (
    outer.prefix <= inner.prefix &&
    isInBlock(inner.address, outer) &&
    inner.schemes.every((scheme) => outer.schemes.includes(scheme)) &&
    inner.ports.every(({ start, end }) => outer.ports.some((one) => one.start <= start && end <= one.end))
  );
}

type Lookup = Grants["lookup"][number]["target"];

function looksUp(outer: Lookup, inner: Lookup): boolean {
  if (outer.kind === "any" || isDeepStrictEqual(outer, inner)) return true;
  if (outer.kind !== "suffix") return false;
  return inner.kind === "name"
    ? inner.name.endsWith(`.${outer.suffix}`)
    : inner.kind === "suffix" && `.${inner.suffix}`.endsWith(`.${outer.suffix}`);
}

function processGains({ process: before }: Grants, { process: after }: Grants): readonly Gain[] {
  if (after.kind === "none" || before.kind === "full") return [];
  if (after.kind === "full") return [{ text: "process: every program" }];
  const known = before.kind === "commands" ? before.commands : [];
  return after.commands
    .filter((command) => !known.some((one) => isDeepStrictEqual(one, command)))
    .map(({ name }) => ({ text: `process: ${name}` }));
}

/** Variables, by their names, whether or not the host has them. */
export function variableGains(before: GrantsInput["environment"], after: GrantsInput["environment"]): readonly Gain[] {
  const [old, made] = [variables(before), variables(after)];
  const added = [...made].flatMap(([name, value]) =>
    old.has(name) && old.get(name) === value
      ? []
      : [{ text: `environment: ${name}${value === undefined ? "" : `=${value}`}` }],
  );
  const denied = deniedIn(after);
  const freed = deniedIn(before).filter((name) => !denied.includes(name));
  return [...added, ...freed.map((name) => ({ text: `environment: ${name}`, denied: true }))];
}

function deniedIn(environment: GrantsInput["environment"]): readonly string[] {
  return typeof environment === "object" ? deniedNames(environment.deny) : [];
}

function variables(environment: GrantsInput["environment"]): ReadonlyMap<string, string | undefined> {
  if (typeof environment !== "object") return new Map();
  const { allow = [], set = {}, deny } = environment;
  const passed = (allow === "all" ? [] : allow).map((name) => [name, undefined] as const);
  const denied = deniedNames(deny);
  return new Map([...passed, ...Object.entries(set)].filter(([name]) => !denied.includes(name)));
}

/** What is gained beside grants: by wider limits, less that is asked or recorded, and more whom a document is for. */
export function surroundingGains(before: PolicyDocument, after: PolicyDocument): readonly Gain[] {
  const [old, made] = [limitsFrom(before.limits), limitsFrom(after.limits)];
  const names = Object.keys(made) as (keyof typeof made)[];
  return [
    ...names
      .filter((name) => made[name] > old[name])
      .map((name) => ({ text: `limits: ${name} ${old[name]} -> ${made[name]}` })),
    ...(isWeaker(before.isolation, after.isolation) ? [{ text: `isolation: ${after.isolation ?? "by default"}` }] : []),
    ...(before.signature === undefined ||
    before.signature.require === "none" ||
    isDeepStrictEqual(before.signature, after.signature)
      ? []
      : [
          {
            text: `signature: ${JSON.stringify(after.signature ?? "none")} in place of ${JSON.stringify(before.signature)}`,
          },
        ]),
    ...after.secrets
      .filter((secret) => !before.secrets.some((one) => isDeepStrictEqual(one, secret)))
      .map(({ key, host }) => ({ text: `secrets: ${key} for ${host}` })),
    ...(after.enforce === "log" && before.enforce !== "log"
      ? [{ text: "enforce: log, so that what it denies passes" }]
      : []),
    ...before.rates
      .filter(({ of, most, per }) => !after.rates.some((one) => one.of === of && one.per === per && one.most <= most))
      .map((rate) => ({ text: `more than ${rateWords(rate)}`, denied: true })),
    ...(before.audit === undefined || isDeepStrictEqual(before.audit, after.audit) || isMoreRecorded(before, after)
      ? []
      : [{ text: `recorded: ${before.audit.level} in ${before.audit.file}`, denied: true }]),
    ...(isDeepStrictEqual(before.match, after.match)
      ? []
      : [{ text: "match: it is for other components than before", undecided: true }]),
    ...fenceLimitGains(before, after),
  ];
}

function isMoreRecorded({ audit: before }: PolicyDocument, { audit: after }: PolicyDocument): boolean {
  return before?.file === after?.file && after?.level === "decisions";
}

function isWeaker(before: PolicyDocument["isolation"], after: PolicyDocument["isolation"]): boolean {
  const order = ["thread", undefined, "auto", "process"];
  return order.indexOf(after) < order.indexOf(before);
}

function fenceLimitGains({ fence: before }: PolicyDocument, { fence: after }: PolicyDocument): readonly Gain[] {
  if (before?.limits === undefined) return [];
  const old = before.limits as Readonly<Record<string, unknown>>;
  const made = (after?.limits ?? {}) as Readonly<Record<string, unknown>>;
  return Object.keys(old).flatMap((name) => {
    const [was, is] = [old[name], made[name]];
    if (is === was || (typeof is === "number" && typeof was === "number" && is < was)) return [];
    return [{ text: `fence: limits: ${name} ${JSON.stringify(was)} -> ${JSON.stringify(is ?? "none")}` }];
  });
}
