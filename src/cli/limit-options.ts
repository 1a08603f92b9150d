import { type Command, Option } from "commander";
import { LIMIT_BOUNDS } from "../sandbox/limit-options.ts";
import { DEFAULT_LIMITS, type Limits } from "../shared/limits.ts";
import { parseCount, parseDuration, parseSize } from "./quantities.ts";

/** The flags that bound a run, as parsed. */
export interface LimitFlags {
  readonly timeout?: string;
  readonly maxMemory?: string;
  readonly maxOpenFiles?: string;
  readonly maxReadBytes?: string;
  readonly maxWriteBytes?: string;
  readonly readRate?: string;
  readonly writeRate?: string;
  readonly maxConnections?: string;
  readonly maxSockets?: string;
  readonly maxHandles?: string;
  readonly maxOutput?: string;
  readonly maxHeaderBytes?: string;
}

interface LimitFlag {
  readonly key: keyof LimitFlags;
  readonly limit: keyof Limits;
  readonly flag: string;
  readonly kind: "COUNT" | "SIZE" | "DURATION" | "RATE";
  readonly description: string;
}

const LIMIT_FLAGS: readonly LimitFlag[] = [
  limit("timeout", "timeoutMs", "--timeout", "DURATION", "end it after DURATION, such as 5s or 2m"),
  limit("maxMemory", "memoryBytes", "--max-memory", "SIZE", "cap its memory, such as 64MiB"),
  limit("maxOpenFiles", "maxOpenFiles", "--max-open-files", "COUNT", "files and folders open at once"),
  limit("maxReadBytes", "maxReadBytes", "--max-read-bytes", "SIZE", "bytes read in all, files and network"),
  limit("maxWriteBytes", "maxWriteBytes", "--max-write-bytes", "SIZE", "bytes written in all"),
  limit("readRate", "readBytesPerSecond", "--read-rate", "RATE", "bytes read in a second"),
  limit("writeRate", "writeBytesPerSecond", "--write-rate", "RATE", "bytes written in a second"),
  limit("maxConnections", "maxConnections", "--max-connections", "COUNT", "connections at once, those of HTTP too"),
  limit("maxSockets", "maxSockets", "--max-sockets", "COUNT", "sockets at once"),
  limit("maxHandles", "maxHandles", "--max-handles", "COUNT", "handles of every kind at once"),
  limit("maxOutput", "maxStdoutBytes", "--max-output", "SIZE", "bytes of stdout and stderr together"),
  limit("maxHeaderBytes", "maxHeaderBytes", "--max-header-bytes", "SIZE", "bytes of one set of HTTP headers"),
];

function limit(
  key: keyof LimitFlags,
  name: keyof Limits,
  flag: string,
  kind: LimitFlag["kind"],
  description: string,
): LimitFlag {
  return { key, limit: name, flag, kind, description };
}

/** Adds the flags that bound a run. */
export function addLimitOptions(command: Command): Command {
  for (const { flag, kind, description, limit: name } of LIMIT_FLAGS) {
    const option = new Option(`${flag} <${kind}>`, `${description} (default: ${shown(DEFAULT_LIMITS[name], kind)})`);
    command.addOption(option.helpGroup("Limits:"));
  }
  return command;
}

/**
 * The limits that the flags set.
 *
 * @throws CordonError `usage` for a quantity that cannot be read or is out of bounds.
 */
export function limitsFromFlags(flags: LimitFlags): Partial<Limits> {
  return Object.fromEntries(
    LIMIT_FLAGS.flatMap((one) => {
      const text = flags[one.key];
      return text === undefined ? [] : [[one.limit, parsed(text, one)]];
    }),
  );
}

function parsed(text: string, { flag, kind, limit: name }: LimitFlag): number {
  const bounds = LIMIT_BOUNDS[name];
  switch (kind) {
    case "COUNT":
      return parseCount(text, flag, bounds);
    case "DURATION":
      return parseDuration(text, flag, bounds);
    case "SIZE":
      return parseSize(text, flag, bounds);
    case "RATE":
      return parseSize(text.replace(/\/s$/, ""), flag, bounds);
  }
}

function shown(value: number, kind: LimitFlag["kind"]): string {
  if (kind === "COUNT") return String(value);
  if (kind === "DURATION") return value % 1000 === 0 ? `${value / 1000}s` : `${value}ms`;
  const power = value > 0 && value % 1024 === 0 ? Math.min(3, Math.floor(Math.log2(value) / 10)) : 0;
  const size = `${value / 1024 ** power}${["B", "KiB", "MiB", "GiB"][power] ?? ""}`;
  return kind === "RATE" ? `${size}/s` : size;
}
