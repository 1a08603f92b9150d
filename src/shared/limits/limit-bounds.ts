import type { Limits } from "./limits.ts";

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
