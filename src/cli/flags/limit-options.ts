import { type Command, Option } from "commander";
import { type LimitsInput, profileNamed } from "../../sandbox/options/limit-options.ts";
import { LIMIT_BOUNDS } from "../../shared/limits/limit-bounds.ts";
import { PROFILE_NAMES, type ProfileName } from "../../shared/limits/limit-profiles.ts";
import { DEFAULT_LIMITS, type Limits } from "../../shared/limits/limits.ts";
import { limitText, type LimitKind } from "./limit-text.ts";
import { parseAmount, parseCount, parseDuration, parseShare, parseSize } from "./quantities.ts";

/** The flags that bound a run, as parsed. */
export interface LimitFlags {
  readonly profile?: string;
  readonly fuel?: string;
  readonly timeout?: string;
  readonly cpuTime?: string;
  readonly cpuShare?: string;
  readonly idleTimeout?: string;
  readonly maxThreads?: string;
  readonly maxMemory?: string;
  readonly reservedMemory?: string;
  readonly memoryGrowth?: string;
  readonly maxTables?: string;
  readonly maxTableEntries?: string;
  readonly maxComponentSize?: string;
  readonly maxCrossingBytes?: string;
  readonly maxReadFile?: string;
  readonly maxWriteFile?: string;
  readonly maxResponseBody?: string;
  readonly maxRequestBody?: string;
  readonly httpTimeout?: string;
  readonly maxOpenFiles?: string;
  readonly maxSockets?: string;
  readonly maxConnections?: string;
  readonly maxHandles?: string;
  readonly maxReadBytes?: string;
  readonly maxWriteBytes?: string;
  readonly readRate?: string;
  readonly writeRate?: string;
  readonly maxOutput?: string;
  readonly maxHeaderBytes?: string;
}

/** How a limit is set on the command line. */
export interface LimitFlag {
  readonly key: Exclude<keyof LimitFlags, "profile">;
  readonly flag: string;
  readonly kind: LimitKind;
  readonly description: string;
}

/** The flag of every limit, in the order of help. */
export const LIMIT_FLAGS: Readonly<Record<keyof Limits, LimitFlag>> = {
  fuel: flag("fuel", "--fuel", "AMOUNT", "what it may compute, in units of fuel"),
  timeoutMs: flag("timeout", "--timeout", "DURATION", "end it after DURATION, such as 5s; 500 is 500 seconds"),
  cpuTimeMs: flag("cpuTime", "--cpu-time", "DURATION", "end it after DURATION on the processor"),
  cpuSharePercent: flag("cpuShare", "--cpu-share", "SHARE", "slow it down to SHARE of a processor, such as 50%"),
  idleTimeoutMs: flag("idleTimeout", "--idle-timeout", "DURATION", "end it when nothing happens for DURATION"),
  maxThreads: flag("maxThreads", "--max-threads", "COUNT", "threads; there is only one"),
  memoryBytes: flag("maxMemory", "--max-memory", "SIZE", "cap its memory, such as 64MiB"),
  reservedMemoryBytes: flag("reservedMemory", "--reserved-memory", "SIZE", "memory it may take however fast"),
  memoryGrowthBytesPerSecond: flag("memoryGrowth", "--memory-growth", "RATE", "how fast it may take more than that"),
  maxTables: flag("maxTables", "--max-tables", "COUNT", "tables of all its core instances"),
  maxTableEntries: flag("maxTableEntries", "--max-table-entries", "COUNT", "entries of all those tables"),
  maxCrossingBytes: flag("maxCrossingBytes", "--max-crossing-bytes", "SIZE", "what one call may copy to the host"),
  maxOpenFiles: flag("maxOpenFiles", "--max-open-files", "COUNT", "files and folders open at once"),
  maxReadFileBytes: flag("maxReadFile", "--max-read-file", "SIZE", "the largest file a skill reads whole"),
  maxWriteFileBytes: flag("maxWriteFile", "--max-write-file", "SIZE", "the largest file a skill writes whole"),
  maxReadBytes: flag("maxReadBytes", "--max-read-bytes", "SIZE", "bytes read in all, files and network"),
  maxWriteBytes: flag("maxWriteBytes", "--max-write-bytes", "SIZE", "bytes written in all"),
  readBytesPerSecond: flag("readRate", "--read-rate", "RATE", "bytes read in a second"),
  writeBytesPerSecond: flag("writeRate", "--write-rate", "RATE", "bytes written in a second"),
  maxSockets: flag("maxSockets", "--max-sockets", "COUNT", "sockets at once"),
  maxConnections: flag("maxConnections", "--max-connections", "COUNT", "connections at once, those of HTTP too"),
  httpTimeoutMs: flag("httpTimeout", "--http-timeout", "DURATION", "time for one HTTP exchange"),
  maxRequestBodyBytes: flag("maxRequestBody", "--max-request-body", "SIZE", "the largest body of an HTTP request"),
  maxResponseBodyBytes: flag("maxResponseBody", "--max-response-body", "SIZE", "the largest body of an HTTP response"),
  maxHeaderBytes: flag("maxHeaderBytes", "--max-header-bytes", "SIZE", "bytes of one set of HTTP headers"),
  maxHandles: flag("maxHandles", "--max-handles", "COUNT", "handles of every kind at once"),
  maxStdoutBytes: flag("maxOutput", "--max-output", "SIZE", "bytes of stdout and stderr together"),
  maxComponentBytes: flag("maxComponentSize", "--max-component-size", "SIZE", "load no larger component"),
};

/** The limits in the order of help. */
export const LIMIT_NAMES: readonly (keyof Limits)[] = Object.keys(LIMIT_FLAGS) as (keyof Limits)[];

/** The limits that a group begins with, in the order of {@link LIMIT_NAMES}, and what the group is called. */
export const LIMIT_GROUP_STARTS: Readonly<Partial<Record<keyof Limits, string>>> = {
  fuel: "Limits of time and computing",
  memoryBytes: "Limits of memory",
  maxOpenFiles: "Limits of files and bytes",
  maxSockets: "Limits of the network",
  maxHandles: "Other limits",
};

function flag(key: LimitFlag["key"], text: string, kind: LimitKind, description: string): LimitFlag {
  return { key, flag: text, kind, description };
}

/** Adds the flags that bound a run. */
export function addLimitOptions(command: Command): Command {
  const profile = new Option("--profile <NAME>", "take the limits that no flag sets from this profile")
    .choices(PROFILE_NAMES)
    // Whether there is one of that name is told by what reads it, which has a suggestion.
    .argParser((value: string) => value)
    .default(undefined, "minimal");
  let group = "Limits:";
  command.addOption(profile.helpGroup(group));
  for (const name of LIMIT_NAMES) {
    const { flag: text, kind, description } = LIMIT_FLAGS[name];
    group = LIMIT_GROUP_STARTS[name] === undefined ? group : `${LIMIT_GROUP_STARTS[name]}:`;
    const option = new Option(`${text} <${kind}>`, description);
    command.addOption(option.default(undefined, limitText(DEFAULT_LIMITS, name, kind)).helpGroup(group));
  }
  return command;
}

/**
 * The limits that the flags set.
 *
 * @throws CordonError `usage` for a quantity that cannot be read or is out of bounds, or a profile there is none of.
 */
export function limitsFromFlags({ profile, ...flags }: LimitFlags): LimitsInput {
  const set = LIMIT_NAMES.flatMap((name) => {
    const text = flags[LIMIT_FLAGS[name].key];
    return text === undefined ? [] : [[name, parsed(text, name)] as const];
  });
  return { ...(profile === undefined ? {} : { profile: existing(profile) }), ...Object.fromEntries(set) };
}

function existing(profile: string): ProfileName {
  profileNamed(profile);
  return profile as ProfileName;
}

function parsed(text: string, name: keyof Limits): number {
  const { flag: written, kind } = LIMIT_FLAGS[name];
  // What a number of threads is refused for is not a range.
  const bounds = name === "maxThreads" ? ([1, 65_536] as const) : LIMIT_BOUNDS[name];
  switch (kind) {
    case "AMOUNT":
      return parseAmount(text, written, bounds);
    case "COUNT":
      return parseCount(text, written, bounds);
    case "DURATION":
      return parseDuration(text, written, bounds);
    case "SHARE":
      return parseShare(text, written, bounds);
    case "SIZE":
      return parseSize(text, written, bounds);
    case "RATE":
      return parseSize(text.replace(/\/s$/, ""), written, bounds);
  }
}
