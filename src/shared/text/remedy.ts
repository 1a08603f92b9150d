import { DEFAULT_LIMITS, type Limits } from "../limits/limits.ts";

/** The grants and options that messages name, as the SDK writes them. */
export const GRANT_SETTINGS = [
  "grants.filesystem.read",
  "grants.filesystem.write",
  "grants.filesystem.preopens",
  "grants.filesystem.create",
  "grants.filesystem.delete",
  "grants.filesystem.maxFileBytes",
  "grants.network.hosts",
  "grants.network.allow",
  "grants.listen",
  "grants.lookup",
  "grants.environment.set",
  "grants.stdin",
  "grants.process",
  "grants.random",
  "sharedMemory",
  "missingImports",
] as const;

/** One of {@link GRANT_SETTINGS}. */
export type GrantSetting = (typeof GRANT_SETTINGS)[number];

/** What an operator can set to allow what was refused. */
export type Setting = GrantSetting | `limits.${keyof Limits}`;

const SETTINGS: ReadonlySet<string> = new Set([
  ...GRANT_SETTINGS,
  ...Object.keys(DEFAULT_LIMITS).map((name) => `limits.${name}`),
]);

/** What would have allowed an access. Data: the SDK and the command line each say it in their own words. */
export interface Remedy {
  /** The grant or limit, as the SDK names it. */
  readonly setting: Setting;
  /** What it would have to hold, where that is known. */
  readonly value?: string | undefined;
}

/** How a surface tells what would allow something: `allow it with …`. */
export interface Words {
  /** One setting, with a value where there is one. */
  readonly setting: (remedy: Remedy) => string;
  /** How an embedder's own functions are given to a component that imports them. */
  readonly ownFunctions: string;
  /** A limit by its name and what it is at; `value` is in the unit of the SDK. */
  readonly limit: (name: keyof Limits, value: number) => string;
}

const LISTS: ReadonlySet<Setting> = new Set<Setting>([
  "grants.filesystem.read",
  "grants.filesystem.write",
  "grants.filesystem.preopens",
  "grants.network.hosts",
  "grants.network.allow",
  "grants.listen",
  "grants.lookup",
  "grants.process",
]);

/** The words of the SDK, which are those of every process that is not told otherwise. */
export const SDK_WORDS: Words = {
  setting: ({ setting, value }) => {
    if (value === undefined) return setting;
    if (setting === "grants.environment.set") return `${setting}: { ${JSON.stringify(value)}: "VALUE" }`;
    if (setting === "grants.random" || setting === "missingImports") return `${setting}: "${value}"`;
    return `${setting}: ${LISTS.has(setting) ? `[${JSON.stringify(value)}]` : value}`;
  },
  ownFunctions: "give functions of your own with the option hostFunctions",
  limit: (name, value) => `limits.${name}, which is ${value}${unitOf(name)}`,
};

let words = SDK_WORDS;

/** Has all messages of this process be in the words of another surface. For the command line, when it starts. */
export function speakIn(own: Words): void {
  words = own;
}

/** A limit and its value, in the words of the surface. */
export function shownLimit(name: keyof Limits, value: number): string {
  return words.limit(name, value);
}

/** What to do about functions that only an embedder can give, in the words of the surface. */
export function ownFunctionsHint(): string {
  return words.ownFunctions;
}

/** A reason with what would have allowed it, in the words of the surface. */
export function reasonWith(reason: string, remedies: readonly Remedy[] = []): string {
  const [first] = remedies;
  if (first === undefined) return reason;
  const isAmount = first.setting.startsWith("limits.") || first.setting === "grants.filesystem.maxFileBytes";
  const advice = remedies.map((one) => words.setting(one)).join(" or ");
  return `${reason}; allow ${isAmount ? "more" : "it"} with ${advice}`;
}

export function isSetting(name: unknown): name is Setting {
  return typeof name === "string" && SETTINGS.has(name);
}

function unitOf(name: keyof Limits): string {
  if (name.endsWith("Ms")) return " ms";
  if (name.endsWith("BytesPerSecond")) return " bytes in a second";
  if (name.endsWith("Bytes")) return " bytes";
  return name === "cpuSharePercent" ? " %" : "";
}
