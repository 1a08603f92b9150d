import type { Limits } from "../../shared/limits/limits.ts";
import { ByteMeter } from "./byte-meter.ts";
import { CountMeter } from "./count-meter.ts";

/** What one invocation may read, write and hold open: files, sockets and HTTP bodies together. */
export interface IoMeters {
  readonly read: ByteMeter;
  readonly write: ByteMeter;
  /** Open files and folders, preopens left out. */
  readonly openFiles: CountMeter;
  /** Sockets, connected or not. */
  readonly sockets: CountMeter;
  /** Connections at once: of TCP sockets, and of HTTP exchanges. */
  readonly connections: CountMeter;
}

/**
 * Fresh meters for an invocation.
 *
 * @param now The clock of the rates, in milliseconds; one that never goes back.
 */
export function ioMeters(limits: Limits, now?: () => number): IoMeters {
  return {
    read: new ByteMeter({ total: limits.maxReadBytes, perSecond: limits.readBytesPerSecond }, now),
    write: new ByteMeter({ total: limits.maxWriteBytes, perSecond: limits.writeBytesPerSecond }, now),
    openFiles: new CountMeter(limits.maxOpenFiles),
    sockets: new CountMeter(limits.maxSockets),
    connections: new CountMeter(limits.maxConnections),
  };
}
