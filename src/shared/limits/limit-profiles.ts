import { DEFAULT_LIMITS, type Limits } from "./limits.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** The names of the profiles, from the tightest to the widest. */
export const PROFILE_NAMES = ["dense", "minimal", "standard", "development", "large"] as const;

/** One of {@link PROFILE_NAMES}. */
export type ProfileName = (typeof PROFILE_NAMES)[number];

/** For thousands of guests in one process: little of everything, so that the sum of all caps is bearable. */
const DENSE: Limits = Object.freeze({
  fuel: 100_000_000_000,
  timeoutMs: 5_000,
  cpuTimeMs: 1_000,
  cpuSharePercent: 25,
  idleTimeoutMs: 5_000,
  maxThreads: 1,
  memoryBytes: 16 * MIB,
  reservedMemoryBytes: 4 * MIB,
  memoryGrowthBytesPerSecond: 16 * MIB,
  maxTables: 32,
  maxTableEntries: 50_000,
  maxComponentBytes: 16 * MIB,
  maxCrossingBytes: 4 * MIB,
  maxReadFileBytes: 1 * MIB,
  maxWriteFileBytes: 1 * MIB,
  maxResponseBodyBytes: 1 * MIB,
  maxRequestBodyBytes: 1 * MIB,
  httpTimeoutMs: 5_000,
  maxOpenFiles: 8,
  maxSockets: 4,
  maxConnections: 2,
  maxHandles: 256,
  maxReadBytes: 16 * MIB,
  maxWriteBytes: 8 * MIB,
  readBytesPerSecond: 16 * MIB,
  writeBytesPerSecond: 8 * MIB,
  maxStdoutBytes: 64 * KIB,
  maxHeaderBytes: 16 * KIB,
});

/** For services and tools that do real work on what they are given, a minute at most. */
const STANDARD: Limits = Object.freeze({
  ...DEFAULT_LIMITS,
  fuel: 5_000_000_000_000,
  timeoutMs: 60_000,
  cpuTimeMs: 60_000,
  idleTimeoutMs: 60_000,
  memoryBytes: 256 * MIB,
  maxReadFileBytes: 64 * MIB,
  maxWriteFileBytes: 64 * MIB,
  maxResponseBodyBytes: 32 * MIB,
  maxRequestBodyBytes: 32 * MIB,
  httpTimeoutMs: 30_000,
  maxOpenFiles: 256,
  maxSockets: 64,
  maxConnections: 64,
  maxHandles: 16_384,
  maxReadBytes: 4 * GIB,
  maxWriteBytes: 1 * GIB,
  maxStdoutBytes: 32 * MIB,
});

/** For writing a guest: debug builds, compilers, test suites; ten minutes. */
const DEVELOPMENT: Limits = Object.freeze({
  ...STANDARD,
  fuel: 50_000_000_000_000,
  timeoutMs: 600_000,
  cpuTimeMs: 600_000,
  idleTimeoutMs: 300_000,
  memoryBytes: 1 * GIB,
  maxCrossingBytes: 128 * MIB,
  maxReadFileBytes: 256 * MIB,
  maxWriteFileBytes: 256 * MIB,
  maxResponseBodyBytes: 128 * MIB,
  maxRequestBodyBytes: 128 * MIB,
  httpTimeoutMs: 120_000,
  maxOpenFiles: 1_024,
  maxSockets: 256,
  maxConnections: 128,
  maxHandles: 65_536,
  maxReadBytes: 16 * GIB,
  maxWriteBytes: 4 * GIB,
  maxStdoutBytes: 128 * MIB,
  maxHeaderBytes: 128 * KIB,
});

/** For one large job that has the machine to itself; an hour. */
const LARGE: Limits = Object.freeze({
  ...DEVELOPMENT,
  fuel: 500_000_000_000_000,
  timeoutMs: 3_600_000,
  cpuTimeMs: 3_600_000,
  idleTimeoutMs: 600_000,
  memoryBytes: 4 * GIB,
  maxCrossingBytes: 256 * MIB,
  maxReadFileBytes: 512 * MIB,
  maxWriteFileBytes: 512 * MIB,
  maxResponseBodyBytes: 512 * MIB,
  maxRequestBodyBytes: 512 * MIB,
  httpTimeoutMs: 600_000,
  maxOpenFiles: 4_096,
  maxSockets: 1_024,
  maxConnections: 512,
  maxHandles: 262_144,
  maxReadBytes: 1024 * GIB,
  maxWriteBytes: 256 * GIB,
  readBytesPerSecond: 4 * GIB,
  writeBytesPerSecond: 4 * GIB,
  maxStdoutBytes: 1 * GIB,
  maxHeaderBytes: 256 * KIB,
});

/**
 * Complete limits by name. `minimal` is the default: enough for a tool written in a scripting language that reads files of
 * some megabytes. No limit of a profile is wider than the same
 * one of the next.
 */
export const LIMIT_PROFILES: Readonly<Record<ProfileName, Limits>> = Object.freeze({
  dense: DENSE,
  minimal: DEFAULT_LIMITS,
  standard: STANDARD,
  development: DEVELOPMENT,
  large: LARGE,
});
