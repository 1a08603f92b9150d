import { type ClockGrant, NO_GRANTS } from "../grants.ts";
import { describe, type Problems, section } from "../problems.ts";

/**
 * What a guest sees of time. `none`, the default: clocks that start at a fixed point with each invocation. `read`: the host's
 * time. `virtual`: clocks that go by the guest's own readings and sleeps alone, so that the same run sees the same times. Files
 * have times with `read` alone, rounded as the clocks are.
 */
export type ClocksInput =
  | "none"
  | "read"
  | "virtual"
  | {
      /** Default `none`. */
      readonly kind?: "none" | "read";
      /** Readings are rounded down to a multiple of this, in nanoseconds, from 1 to 10^15; default 1,000,000. */
      readonly resolutionNs?: number;
      /**
       * Each step of the clocks comes late by a secret amount of at most this, in nanoseconds, from 0 to the resolution;
       * default 0.
       */
      readonly jitterNs?: number;
    }
  | {
      readonly kind: "virtual";
      /** As above; default 1,000. */
      readonly resolutionNs?: number;
      /** How far each reading moves the clocks on, in nanoseconds, from 1 to 10^15; default 1,000. */
      readonly stepNs?: number;
      /** Where the wall clock starts, in milliseconds since 1970, from 0 to 2^53 - 1; default the year 2000. */
      readonly startMs?: number;
    };

const MAX_NS = 1e15;

/** Where clocks start that do not tell the host's time: 2000-01-01T00:00:00Z, in milliseconds since 1970. */
export const START_OF_GUEST_TIME_MS = 946_684_800_000;

const VIRTUAL_STEP_NS = 1_000;

/** Reads the clocks part of grants; what is wrong goes to `problems`. */
export function parseClocks(value: unknown, problems: Problems): ClockGrant {
  if (value === undefined || value === "none") return NO_GRANTS.clocks;
  if (value === "read") return Object.freeze({ kind: "read", resolutionNs: NO_GRANTS.clocks.resolutionNs });
  const given = value === "virtual" ? { kind: "virtual" } : value;
  const isVirtual = typeof given === "object" && given !== null && "kind" in given && given.kind === "virtual";
  const own = isVirtual ? ["stepNs", "startMs"] : ["jitterNs"];
  const parts = section(given, "clocks", ["kind", "resolutionNs", ...own], problems);
  const { kind = "none" } = parts;
  if (kind !== "none" && kind !== "read" && kind !== "virtual") {
    const found = typeof kind === "string" ? JSON.stringify(kind.slice(0, 100)) : describe(kind);
    problems.push(`Cannot read clocks.kind: expected "none", "read" or "virtual", found ${found}`);
    return NO_GRANTS.clocks;
  }
  const whole = (name: string, byDefault: number, [least, most]: readonly [number, number], range: string): number => {
    const found = parts[name] === undefined ? byDefault : parts[name];
    if (typeof found === "number" && Number.isSafeInteger(found) && found >= least && found <= most) return found;
    problems.push(`Cannot read clocks.${name}: expected a whole number of ${range}`);
    return byDefault;
  };
  const fine = (name: string, byDefault: number): number =>
    whole(name, byDefault, [1, MAX_NS], "nanoseconds from 1 to 10^15");
  if (kind === "virtual") {
    return Object.freeze({
      kind,
      resolutionNs: fine("resolutionNs", VIRTUAL_STEP_NS),
      stepNs: fine("stepNs", VIRTUAL_STEP_NS),
      startMs: whole(
        "startMs",
        START_OF_GUEST_TIME_MS,
        [0, Number.MAX_SAFE_INTEGER],
        "milliseconds from 0 to 2^53 - 1",
      ),
    });
  }
  const resolutionNs = fine("resolutionNs", NO_GRANTS.clocks.resolutionNs);
  const jitterNs = whole("jitterNs", 0, [0, resolutionNs], `nanoseconds from 0 to the resolution, ${resolutionNs}`);
  return Object.freeze({ kind, resolutionNs, ...(jitterNs === 0 ? {} : { jitterNs }) });
}
