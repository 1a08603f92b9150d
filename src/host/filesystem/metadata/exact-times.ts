import type { BigIntStats } from "node:fs";
import { identityOf } from "../folders/held-folder.ts";

const MAX_FILES = 1_024;

type Which = "atimeNs" | "mtimeNs";

/** What the disk has of a time, and what was asked for. */
interface Kept {
  readonly stored: bigint;
  readonly asked: bigint;
}

/** Times of a file that an invocation set, in nanoseconds since 1970. */
export type FileTimes = Readonly<Partial<Record<Which, bigint | undefined>>>;

/**
 * The times an invocation set, to the nanosecond. Node hands times to the system as doubles, which are 0.24 microseconds apart;
 * a guest that sets a time sees exactly that time for as long as the disk has what came of it. For the last 1,024 files.
 */
export class ExactTimes {
  readonly #files = new Map<string, Partial<Record<Which, Kept>>>();

  /** Keeps the times that were asked for; `stats` is what the file has now. A time that was not set is `undefined`. */
  keep(stats: BigIntStats, asked: Partial<Record<Which, bigint | undefined>>): void {
    const key = identityOf(stats);
    const times = { ...this.#files.get(key) };
    for (const which of ["atimeNs", "mtimeNs"] as const) {
      const time = asked[which];
      if (time !== undefined) times[which] = { stored: stats[which], asked: time };
    }
    this.#files.delete(key);
    for (const oldest of this.#files.keys()) {
      if (this.#files.size < MAX_FILES) break;
      this.#files.delete(oldest);
    }
    this.#files.set(key, times);
  }

  /** The times of a file that are still as they were asked for; `undefined` for those that are not, or never were. */
  of(stats: BigIntStats): FileTimes {
    if (this.#files.size === 0) return {};
    const times = this.#files.get(identityOf(stats));
    const exact = (which: Which): bigint | undefined => {
      const kept = times?.[which];
      return kept?.stored === stats[which] ? kept.asked : undefined;
    };
    return { atimeNs: exact("atimeNs"), mtimeNs: exact("mtimeNs") };
  }
}
