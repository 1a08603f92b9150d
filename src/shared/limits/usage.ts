/** What one call used. */
export interface Usage {
  /** From the moment a worker took the call to its end, in milliseconds. */
  readonly wallMs: number;
  /** Units of fuel, as docs/limits.md counts them; `undefined` when its worker could not be asked. */
  readonly fuel: number | undefined;
  /** Time the guest itself was on the processor, in milliseconds; `undefined` when its worker could not be asked. */
  readonly cpuMs: number | undefined;
  /**
   * The longest it kept its thread where it could not be suspended, in milliseconds; 0 for nearly all. See docs/limits.md.
   * `undefined` when its worker could not be asked.
   */
  readonly longestHoldMs: number | undefined;
  /** The most that all its linear memories held together, and what its stack can take, in bytes; `undefined` when its worker could not be asked. */
  readonly memoryHighWaterBytes: number | undefined;
  /** Calls of host functions; `undefined` when its worker could not be asked. */
  readonly hostCalls: number | undefined;
  /** The same by `interface#function`. */
  readonly hostCallsByFunction: Readonly<Record<string, number>>;
  /** Accesses that were denied. */
  readonly denials: number;
  /** Bytes read from files, sockets and HTTP bodies; `undefined` when its worker could not be asked. */
  readonly readBytes: number | undefined;
  /** Bytes written to them; `undefined` when its worker could not be asked. */
  readonly writtenBytes: number | undefined;
  /** The most handles it held at once; `undefined` when its worker could not be asked. */
  readonly handlesHighWater: number | undefined;
}
