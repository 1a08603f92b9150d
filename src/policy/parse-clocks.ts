import { type ClockGrant, NO_GRANTS } from "./grants.ts";
import { describe, type Problems, section } from "./problems.ts";

/**
 * What a guest sees of time. `none`, the default: clocks that start at a fixed point with each invocation. `read`: the host's
 * time.
 */
export type ClocksInput =
  | "none"
  | "read"
  | {
      /** Default `none`. */
      readonly kind?: "none" | "read";
      /** Readings are rounded down to a multiple of this, in nanoseconds, from 1 to 10^15; default 1,000,000. */
      readonly resolutionNs?: number;
    };

const MAX_RESOLUTION_NS = 1e15;

/** Reads the clocks part of grants; what is wrong goes to `problems`. */
export function parseClocks(value: unknown, problems: Problems): ClockGrant {
  const { resolutionNs: byDefault } = NO_GRANTS.clocks;
  if (value === undefined || value === "none") return NO_GRANTS.clocks;
  if (value === "read") return Object.freeze({ kind: "read", resolutionNs: byDefault });
  const { kind = "none", resolutionNs = byDefault } = section(value, "clocks", ["kind", "resolutionNs"], problems);
  if (kind !== "none" && kind !== "read") {
    const found = typeof kind === "string" ? JSON.stringify(kind.slice(0, 100)) : describe(kind);
    problems.push(`Cannot read clocks.kind: expected "none" or "read", found ${found}`);
    return NO_GRANTS.clocks;
  }
  if (
    typeof resolutionNs !== "number" ||
    !Number.isInteger(resolutionNs) ||
    resolutionNs < 1 ||
    resolutionNs > MAX_RESOLUTION_NS
  ) {
    problems.push("Cannot read clocks.resolutionNs: expected a whole number of nanoseconds from 1 to 10^15");
    return NO_GRANTS.clocks;
  }
  return Object.freeze({ kind, resolutionNs });
}
