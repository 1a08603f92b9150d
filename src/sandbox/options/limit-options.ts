import { CordonError } from "../../shared/errors.ts";
import { LIMIT_PROFILES, PROFILE_NAMES, type ProfileName } from "../../shared/limit-profiles.ts";
import { DEFAULT_LIMITS, type Limits } from "../../shared/limits.ts";
import { nearest } from "../../shared/suggest.ts";

/** Limits as an embedder writes them: single ones, on top of a profile's or of the defaults. */
export interface LimitsInput extends Partial<Limits> {
  /** The profile that what is not given is taken from; default that of the sandbox, or `minimal`. */
  readonly profile?: ProfileName;
}

/** The longest deadline that can be set, in milliseconds: what a timer can hold. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** Entries of tables that any program may have; what hardening bounds each component to. */
const MAX_TABLE_ENTRIES = 500_000;

/** The bounds of each limit, both inclusive. */
export const LIMIT_BOUNDS: Readonly<Record<keyof Limits, readonly [minimum: number, maximum: number]>> = {
  fuel: [1, Number.MAX_SAFE_INTEGER],
  timeoutMs: [1, MAX_TIMEOUT_MS],
  cpuTimeMs: [1, MAX_TIMEOUT_MS],
  cpuSharePercent: [1, 100],
  idleTimeoutMs: [1, MAX_TIMEOUT_MS],
  maxThreads: [1, 1],
  memoryBytes: [65_536, 2 ** 40],
  reservedMemoryBytes: [0, 2 ** 40],
  memoryGrowthBytesPerSecond: [65_536, 2 ** 40],
  maxTables: [0, 10_000],
  maxTableEntries: [0, MAX_TABLE_ENTRIES],
  maxComponentBytes: [8, 2 ** 28],
  maxCrossingBytes: [0, 2 ** 31],
  maxReadFileBytes: [0, 2 ** 29],
  maxWriteFileBytes: [0, 2 ** 29],
  maxResponseBodyBytes: [0, 2 ** 29],
  maxRequestBodyBytes: [0, 2 ** 29],
  httpTimeoutMs: [1, MAX_TIMEOUT_MS],
  maxOpenFiles: [0, 65_536],
  maxSockets: [0, 65_536],
  maxConnections: [0, 65_536],
  maxHandles: [0, 2 ** 20],
  maxReadBytes: [0, Number.MAX_SAFE_INTEGER],
  maxWriteBytes: [0, Number.MAX_SAFE_INTEGER],
  readBytesPerSecond: [1, Number.MAX_SAFE_INTEGER],
  writeBytesPerSecond: [1, Number.MAX_SAFE_INTEGER],
  maxStdoutBytes: [0, Number.MAX_SAFE_INTEGER],
  maxHeaderBytes: [0, 2 ** 24],
};

/**
 * Complete limits: what is given, on top of the profile's that it names, else of `base`. Frozen.
 *
 * @throws CordonError `usage` for a name that is no limit, a profile there is none of, or a value that is no whole number
 *   within its bounds; `unsupported` for more threads than one.
 */
export function limitsFrom({ profile, ...given }: LimitsInput = {}, base: Limits = DEFAULT_LIMITS): Limits {
  const limits: Record<keyof Limits, number> = { ...(profile === undefined ? base : profileNamed(profile)) };
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (!isLimit(name)) throw unknownLimit(name);
    if (name === "maxThreads" && Number.isSafeInteger(value) && value > 1) throw noThreads(value);
    const [minimum, maximum] = LIMIT_BOUNDS[name];
    if (!Number.isSafeInteger(value) || value < minimum || value > maximum) {
      const range = minimum === maximum ? `only ${minimum}` : `a whole number from ${minimum} to ${maximum}`;
      throw new CordonError("usage", `Cannot set the limit ${name} to ${String(value)}: it takes ${range}`);
    }
    limits[name] = value;
  }
  return Object.freeze(limits);
}

/**
 * The limits of a profile.
 *
 * @throws CordonError `usage` when there is none of that name.
 */
export function profileNamed(name: string): Limits {
  const found = PROFILE_NAMES.find((one) => one === name);
  if (found !== undefined) return LIMIT_PROFILES[found];
  const near = typeof name === "string" ? nearest(name, PROFILE_NAMES) : undefined;
  const hint = near === undefined ? `the profiles are ${PROFILE_NAMES.join(", ")}` : `did you mean ${near}?`;
  throw new CordonError("usage", `Cannot use the limits profile ${shown(name)}: there is none of that name; ${hint}`);
}

function isLimit(name: string): name is keyof Limits {
  return Object.hasOwn(LIMIT_BOUNDS, name);
}

function noThreads(asked: number): CordonError {
  return new CordonError(
    "unsupported",
    `Cannot set the limit maxThreads to ${asked}: guests have one thread; components that share memory between threads are refused`,
  );
}

function unknownLimit(name: string): CordonError {
  const near = nearest(name, Object.keys(LIMIT_BOUNDS));
  const hint = near === undefined ? `the limits are ${Object.keys(LIMIT_BOUNDS).join(", ")}` : `did you mean ${near}?`;
  return new CordonError("usage", `Cannot set the limit ${JSON.stringify(name)}: there is none of that name; ${hint}`);
}

function shown(name: unknown): string {
  return JSON.stringify(String(name).slice(0, 100));
}
