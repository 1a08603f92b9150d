/**
 * The bounds of one invocation, and of loading what it runs. Every one is enforced; docs/limits.md says where, and what the
 * guest sees. Defaults are those of the profile `minimal`; `limit-profiles.ts` has the others.
 */
export interface Limits {
  /**
   * What the guest may compute, in units of fuel, about one for each WebAssembly instruction; default 2,000,000,000,000. The
   * same component with the same inputs uses the same fuel on every machine.
   */
  readonly fuel: number;
  /**
   * Wall-clock time from when a worker thread begins with the call to its result, waits included, in milliseconds; default 30,000. The
   * time that it waits for a thread does not count.
   */
  readonly timeoutMs: number;
  /** Time the guest's own code and its host calls take on the processor, waits left out, in milliseconds; default 30,000. */
  readonly cpuTimeMs: number;
  /**
   * The share of one processor that the guest may take over a window of 100 ms, in percent; default 100. A guest that is
   * over it waits for the next window; it is not ended.
   */
  readonly cpuSharePercent: number;
  /**
   * The longest that a guest may wait in one host call without anything happening, and that an instance which is kept may wait
   * for its next call, in milliseconds; default 30,000.
   */
  readonly idleTimeoutMs: number;
  /** Threads of the guest; default 1, which is all there are: more are refused as `unsupported`. */
  readonly maxThreads: number;
  /** The sum of all the linear memories of the invocation, in bytes; default 128 MiB. Rounded down to 64 KiB pages. */
  readonly memoryBytes: number;
  /**
   * Memory the guest may take at once, however fast, in bytes; default 1 TiB, which is all that {@link memoryBytes} allows.
   * Beyond it, {@link memoryGrowthBytesPerSecond} applies.
   */
  readonly reservedMemoryBytes: number;
  /** How fast memory may grow beyond {@link reservedMemoryBytes}, in bytes in a second; default 1 GiB. */
  readonly memoryGrowthBytesPerSecond: number;
  /** Tables of all core instances together; default 1,000. */
  readonly maxTables: number;
  /** Entries of all those tables together, counted by what they may grow to; default 500,000. */
  readonly maxTableEntries: number;
  /** The largest component that is loaded, in bytes; default 256 MiB. Only what a sandbox is opened with counts. */
  readonly maxComponentBytes: number;
  /**
   * What one crossing from guest to host may copy, in bytes: the arguments of one host call, or the result; default 64 MiB.
   * A list of strings that all point at the same megabyte counts each of them.
   */
  readonly maxCrossingBytes: number;
  /** The largest file `read-file` returns, in bytes; default 16 MiB. */
  readonly maxReadFileBytes: number;
  /** The largest content `write-file` accepts, in bytes of UTF-8; default 16 MiB. */
  readonly maxWriteFileBytes: number;
  /** The largest HTTP response body, in bytes after decoding; default 8 MiB. */
  readonly maxResponseBodyBytes: number;
  /** The largest HTTP request body, in bytes; default 8 MiB. */
  readonly maxRequestBodyBytes: number;
  /** Time for one HTTP exchange, redirects included, in milliseconds; default 10,000. */
  readonly httpTimeoutMs: number;
  /** Files and folders a guest may hold open at once, its preopens left out; default 128. */
  readonly maxOpenFiles: number;
  /** Sockets a guest may hold at once; default 32. */
  readonly maxSockets: number;
  /** Connections a guest may hold at once, those of HTTP included; default 16. */
  readonly maxConnections: number;
  /** Handles of every kind (descriptors, streams, pollables, fields, ...) a guest may hold at once; default 8,192. The guests of a thread hold some 65,536 together, or twice this where it is more, and each at most half of what the others leave. */
  readonly maxHandles: number;
  /** What a guest may read from files, sockets and HTTP bodies in all, in bytes; default 1 GiB. */
  readonly maxReadBytes: number;
  /** What a guest may write to files, sockets and HTTP bodies in all, in bytes; default 256 MiB. */
  readonly maxWriteBytes: number;
  /** The same in a second, in bytes; default 1 GiB, which is no bound beside the total's. */
  readonly readBytesPerSecond: number;
  /** The same in a second, in bytes; default 1 GiB, which is no bound beside the total's. */
  readonly writeBytesPerSecond: number;
  /** What a guest may write to its stdout and stderr together, in bytes; default 16 MiB. */
  readonly maxStdoutBytes: number;
  /** The names and values of one set of HTTP headers or trailers, in bytes; default 64 KiB. */
  readonly maxHeaderBytes: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** The limits of an invocation that sets none: the profile `minimal`. */
export const DEFAULT_LIMITS: Limits = Object.freeze({
  fuel: 2_000_000_000_000,
  timeoutMs: 30_000,
  cpuTimeMs: 30_000,
  cpuSharePercent: 100,
  idleTimeoutMs: 30_000,
  maxThreads: 1,
  memoryBytes: 128 * MIB,
  reservedMemoryBytes: 1024 * GIB,
  memoryGrowthBytesPerSecond: 1 * GIB,
  maxTables: 1_000,
  maxTableEntries: 500_000,
  maxComponentBytes: 256 * MIB,
  maxCrossingBytes: 64 * MIB,
  maxReadFileBytes: 16 * MIB,
  maxWriteFileBytes: 16 * MIB,
  maxResponseBodyBytes: 8 * MIB,
  maxRequestBodyBytes: 8 * MIB,
  httpTimeoutMs: 10_000,
  maxOpenFiles: 128,
  maxSockets: 32,
  maxConnections: 16,
  maxHandles: 8_192,
  maxReadBytes: 1 * GIB,
  maxWriteBytes: 256 * MIB,
  readBytesPerSecond: 1 * GIB,
  writeBytesPerSecond: 1 * GIB,
  maxStdoutBytes: 16 * MIB,
  maxHeaderBytes: 64 * KIB,
});
