import { deniedNames, hasName } from "../parsing/parse-environment.ts";
import type { FilesystemGrantsInput, GrantsInput } from "../parsing/parse-grants.ts";
import type { NetworkGrantsInput } from "../parsing/parse-network.ts";

/** Grants that add up: what any of them allows, without what any of them denies. */
export function combineGrants(all: readonly GrantsInput[]): GrantsInput {
  const given = all.filter((one) => Object.keys(one).length > 0);
  const [only] = given;
  if (given.length < 2) return only ?? {};
  return {
    ...present("filesystem", combineFiles(valuesOf(given, "filesystem"))),
    ...present("network", combineNetwork(valuesOf(given, "network"))),
    ...present("listen", flat(valuesOf(given, "listen"))),
    ...present("lookup", combineWords(valuesOf(given, "lookup"), "any")),
    ...present("environment", combineEnvironment(valuesOf(given, "environment"))),
    ...present("stdin", any(valuesOf(given, "stdin"))),
    ...present("process", combineWords(valuesOf(given, "process"), "full")),
    ...present("clocks", widest(valuesOf(given, "clocks"), CLOCKS, "clocks")),
    ...present("random", widest(valuesOf(given, "random"), RANDOM, "random")),
    ...present("custom", merged(valuesOf(given, "custom"))),
  };
}

type Key = keyof GrantsInput;

function valuesOf<K extends Key>(all: readonly GrantsInput[], key: K): readonly NonNullable<GrantsInput[K]>[] {
  return all.flatMap((one) => {
    const value = one[key];
    return value === undefined ? [] : [value];
  });
}

function present<K extends Key>(key: K, value: GrantsInput[K] | undefined): Pick<GrantsInput, K> | object {
  return value === undefined ? {} : { [key]: value };
}

function flat<T>(lists: readonly (readonly T[])[]): readonly T[] | undefined {
  return lists.length === 0 ? undefined : lists.flat();
}

function any(values: readonly boolean[]): boolean | undefined {
  return values.length === 0 ? undefined : values.includes(true);
}

function combineFiles(all: readonly FilesystemGrantsInput[]): FilesystemGrantsInput | undefined {
  const list = (key: "read" | "write" | "preopens" | "allow" | "deny"): object => {
    const found = flat(all.flatMap((one) => (one[key] === undefined ? [] : [one[key] as readonly unknown[]])));
    return found === undefined ? {} : { [key]: found };
  };
  if (all.length === 0) return undefined;
  const single = Object.assign({}, ...all) as FilesystemGrantsInput;
  return { ...single, ...list("read"), ...list("write"), ...list("preopens"), ...list("allow"), ...list("deny") };
}

function combineNetwork(all: readonly NonNullable<GrantsInput["network"]>[]): GrantsInput["network"] {
  if (all.length === 0) return undefined;
  const parts = all.map((one): NetworkGrantsInput => {
    if (one === "none") return {};
    if (one === "loopback") return { allow: ["loopback:*"] };
    if (one === "full") return { allow: ["any"] };
    // Beside other rules, ports would be refused as unclear; as a rule they say the same.
    const { ports, ...rest } = one;
    if (ports === undefined) return rest;
    const texts = ports.map((port) => (typeof port === "object" ? `${port.start}-${port.end}` : String(port)));
    return { ...rest, allow: texts.map((port) => `*:${port}`) };
  });
  return {
    public: parts.some((one) => one.public === true),
    hosts: parts.flatMap((one) => one.hosts ?? []),
    allow: parts.flatMap((one) => one.allow ?? []),
    deny: parts.flatMap((one) => one.deny ?? []),
  };
}

function combineEnvironment(all: readonly NonNullable<GrantsInput["environment"]>[]): GrantsInput["environment"] {
  if (all.length === 0) return undefined;
  const parts = all.map((one) => {
    if (one === "none") return {};
    if (one === "full") return { allow: "all" as const };
    // By itself, a denial passes all the others.
    return one.deny !== undefined && one.allow === undefined ? { ...one, allow: "all" as const } : one;
  });
  const deny = parts.flatMap((one) => one.deny ?? []);
  const set = Object.entries(Object.assign({}, ...parts.map((one) => one.set ?? {})) as Record<string, string>);
  const allow = parts.some((one) => one.allow === "all")
    ? ("all" as const)
    : parts.flatMap((one) => (one.allow === undefined || one.allow === "all" ? [] : one.allow));
  const left = set.filter(([name]) => !hasName(deniedNames(deny), name));
  return { set: Object.fromEntries(left), allow, ...(deny.length === 0 ? {} : { deny }) };
}

function combineWords<Most extends string>(
  all: readonly ("none" | Most | readonly string[])[],
  most: Most,
): Most | readonly string[] | undefined {
  if (all.length === 0) return undefined;
  if (all.includes(most)) return most;
  return all.flatMap((one) => (typeof one === "string" ? [] : one));
}

const CLOCKS = ["none", "virtual", "read"];
const RANDOM = ["none", "pseudo", "full"];

/** The one that tells most; of two that tell as much, the last. */
function widest<T>(all: readonly T[], order: readonly string[], key: "clocks" | "random"): T | undefined {
  const rank = (value: T): number => {
    if (typeof value === "string") return order.indexOf(value);
    const kind = typeof value === "object" && value !== null && "kind" in value ? String(value.kind) : undefined;
    return key === "random" ? order.indexOf("pseudo") : order.indexOf(kind ?? "none");
  };
  return all.reduce<T | undefined>(
    (best, one) => (best === undefined || rank(one) >= rank(best) ? one : best),
    undefined,
  );
}

function merged<T extends object>(all: readonly T[]): T | undefined {
  return all.length === 0 ? undefined : (Object.assign({}, ...all) as T);
}
