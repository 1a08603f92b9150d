/** The bounds of one invocation. Every one is enforced. */
export interface Limits {
  /** Wall-clock time from the start of the call to its result, in milliseconds; default 30,000. */
  readonly timeoutMs: number;
  /** The sum of all the linear memories of the invocation, in bytes; default 128 MiB. Rounded down to 64 KiB pages. */
  readonly memoryBytes: number;
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
  /** Handles of every kind (descriptors, streams, pollables, fields, ...) a guest may hold at once; default 8,192. */
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

/** The limits of an invocation that sets none. */
export const DEFAULT_LIMITS: Limits = Object.freeze({
  timeoutMs: 30_000,
  memoryBytes: 128 * 1024 * 1024,
  maxCrossingBytes: 64 * 1024 * 1024,
  maxReadFileBytes: 16 * 1024 * 1024,
  maxWriteFileBytes: 16 * 1024 * 1024,
  maxResponseBodyBytes: 8 * 1024 * 1024,
  maxRequestBodyBytes: 8 * 1024 * 1024,
  httpTimeoutMs: 10_000,
  maxOpenFiles: 128,
  maxSockets: 32,
  maxConnections: 16,
  maxHandles: 8_192,
  maxReadBytes: 1024 * 1024 * 1024,
  maxWriteBytes: 256 * 1024 * 1024,
  readBytesPerSecond: 1024 * 1024 * 1024,
  writeBytesPerSecond: 1024 * 1024 * 1024,
  maxStdoutBytes: 16 * 1024 * 1024,
  maxHeaderBytes: 64 * 1024,
});
