import { isDeepStrictEqual } from "node:util";
import ipaddr from "ipaddr.js";
import type { ClockGrant, Grants, ListenRule, LookupRule, ProcessGrant, RandomGrant } from "./grants.ts";
import { storageRules } from "./storage/parse-storage.ts";
import type { StorageRule, StorageRules } from "./storage/storage-rules.ts";

/**
 * Grants within a fence: what both allow. The fence opens nothing by itself.
 *
 * @param variables The names of variables that the fence lets a guest see, whether or not the host has them.
 */
export function withinFence(grants: Grants, fence: Grants, variables: readonly string[]): Grants {
  const files = storageOf(fence);
  return Object.freeze({
    ...grants,
    filesystemRead: grants.filesystemRead.map((one) => fenced(one, files)),
    filesystemWrite: grants.filesystemWrite.map((one) => fenced(one, files)),
    preopens: grants.preopens.map((one) => fenced(one, files)),
    network: Object.freeze({
      ...grants.network,
      deny: Object.freeze([...grants.network.deny, ...fence.network.deny]),
      fences: Object.freeze([...(grants.network.fences ?? []), fence.network.allow]),
    }),
    listen: grants.listen.filter((rule) => fence.listen.some((bound) => isWithinListen(rule, bound))),
    lookup: grants.lookup.filter((rule) => fence.lookup.some((bound) => isWithinLookup(rule, bound))),
    environment: grants.environment.filter(([name]) => variables.includes(name)),
    ...(grants.environmentByName === undefined
      ? {}
      : { environmentByName: grants.environmentByName.filter(([name]) => variables.includes(name)) }),
    ...(fence.variableReasons === undefined
      ? {}
      : { variableReasons: [...(grants.variableReasons ?? []), ...fence.variableReasons] }),
    stdin: grants.stdin && fence.stdin,
    process: narrowerProcess(grants.process, fence.process),
    clocks: narrowerClocks(grants.clocks, fence.clocks),
    random: narrowerRandom(grants.random, fence.random),
    custom: Object.freeze(
      Object.fromEntries(
        Object.entries(grants.custom).filter(
          ([name, value]) => Object.hasOwn(fence.custom, name) && isDeepStrictEqual(fence.custom[name], value),
        ),
      ),
    ),
  });
}

interface FencedFiles {
  readonly allow: readonly StorageRule[];
  readonly deny: readonly StorageRule[];
  readonly deniedPaths: StorageRules["deniedPaths"];
}

function storageOf({ filesystemRead, filesystemWrite, preopens }: Grants): FencedFiles {
  const [rules] = [...filesystemRead, ...filesystemWrite, ...preopens].flatMap((one) => one.rules ?? []);
  return { allow: rules?.allow ?? [], deny: rules?.deny ?? [], deniedPaths: rules?.deniedPaths ?? [] };
}

function fenced<T extends { readonly rules?: StorageRules }>(grant: T, fence: FencedFiles): T {
  const { allow, deny = [], fences = [], deniedPaths = [] }: Partial<StorageRules> = grant.rules ?? {};
  const rules = storageRules({
    allow,
    deny: [...deny, ...fence.deny],
    fences: [...fences, fence.allow],
    deniedPaths: [...deniedPaths, ...fence.deniedPaths],
  });
  return Object.freeze({ ...grant, rules });
}

function isWithinListen(rule: ListenRule, bound: ListenRule): boolean {
  const [inner, outer] = [ipaddr.parse(rule.address), ipaddr.parse(bound.address)];
  if (inner.kind() !== outer.kind() || rule.prefix < bound.prefix) return false;
  const isInside =
    inner.kind() === "ipv4"
      ? (inner as ipaddr.IPv4).match(outer, bound.prefix)
      : (inner as ipaddr.IPv6).match(outer, bound.prefix);
  return (
    isInside &&
    rule.schemes.every((scheme) => bound.schemes.includes(scheme)) &&
    rule.ports.every(({ start, end }) => bound.ports.some((one) => one.start <= start && end <= one.end))
  );
}

function isWithinLookup({ target }: LookupRule, { target: bound }: LookupRule): boolean {
  if (bound.kind === "any") return true;
  if (bound.kind === "suffix") {
    if (target.kind === "name") return target.name.endsWith(`.${bound.suffix}`);
    return target.kind === "suffix" && `.${target.suffix}`.endsWith(`.${bound.suffix}`);
  }
  return isDeepStrictEqual(target, bound);
}

function narrowerProcess(granted: ProcessGrant, fence: ProcessGrant): ProcessGrant {
  if (fence.kind === "full" || granted.kind === "none") return granted;
  if (fence.kind === "none") return fence;
  if (granted.kind === "full") return fence;
  const paths = new Set(fence.commands.map(({ path }) => path));
  return Object.freeze({ kind: "commands", commands: granted.commands.filter(({ path }) => paths.has(path)) });
}

function narrowerClocks(granted: ClockGrant, fence: ClockGrant): ClockGrant {
  if (granted.kind !== "read" || fence.kind === "read") {
    if (granted.kind === "virtual" || fence.kind === "virtual") return granted;
    return Object.freeze({ ...granted, resolutionNs: Math.max(granted.resolutionNs, fence.resolutionNs) });
  }
  return Object.freeze({ ...granted, kind: "none" });
}

function narrowerRandom(granted: RandomGrant, fence: RandomGrant): RandomGrant {
  if (fence.kind === "full" || granted.kind === "none" || fence.kind === granted.kind) return granted;
  return granted.kind === "pseudo" ? Object.freeze({ kind: "none" }) : fence;
}
