import type { Usage } from "../../shared/limits/usage.ts";

/** What the calls of a component used together. Of a call whose worker could not be asked, only what is known is in it. */
export interface Totals {
  /** Calls that have ended. An instance that stays counts as one, when it is closed. */
  readonly calls: number;
  /** Units of fuel. */
  readonly fuel: number;
  /** In milliseconds. */
  readonly wallMs: number;
  /** In milliseconds. */
  readonly cpuMs: number;
  /** The most memory that one of them held, in bytes. */
  readonly memoryHighWaterBytes: number;
  /** Calls of host functions. */
  readonly hostCalls: number;
  /** Accesses that were denied. */
  readonly denials: number;
  /** Bytes read from files, sockets and HTTP bodies. */
  readonly readBytes: number;
  /** Bytes written to them. */
  readonly writtenBytes: number;
}

/** Adds up what calls used. */
export class UsageTotals {
  #totals: Totals = {
    calls: 0,
    fuel: 0,
    wallMs: 0,
    cpuMs: 0,
    memoryHighWaterBytes: 0,
    hostCalls: 0,
    denials: 0,
    readBytes: 0,
    writtenBytes: 0,
  };

  /** The sums so far. */
  get soFar(): Totals {
    return this.#totals;
  }

  /** A call has ended. */
  add(usage: Usage): void {
    const before = this.#totals;
    this.#totals = Object.freeze({
      calls: before.calls + 1,
      fuel: before.fuel + (usage.fuel ?? 0),
      wallMs: before.wallMs + usage.wallMs,
      cpuMs: before.cpuMs + (usage.cpuMs ?? 0),
      memoryHighWaterBytes: Math.max(before.memoryHighWaterBytes, usage.memoryHighWaterBytes ?? 0),
      hostCalls: before.hostCalls + (usage.hostCalls ?? 0),
      denials: before.denials + usage.denials,
      readBytes: before.readBytes + (usage.readBytes ?? 0),
      writtenBytes: before.writtenBytes + (usage.writtenBytes ?? 0),
    });
  }
}
