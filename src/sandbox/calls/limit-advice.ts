import type { LimitDetail } from "../../shared/errors.ts";
import type { Limits } from "../../shared/limits/limits.ts";
import { shownLimit } from "../../shared/text/remedy.ts";

/** What sets the limits that errors name; how complex a component may be and how many stacks it may have are bounds that nothing sets. */
const SET_BY: Readonly<Record<LimitDetail["limit"], keyof Limits | undefined>> = {
  deadline: "timeoutMs",
  fuel: "fuel",
  "cpu-time": "cpuTimeMs",
  "idle-time": "idleTimeoutMs",
  memory: "memoryBytes",
  tables: "maxTables",
  "table-entries": "maxTableEntries",
  "host-memory": "maxCrossingBytes",
  "component-size": "maxComponentBytes",
  complexity: undefined,
  stacks: undefined,
  handles: "maxHandles",
  "stdout-bytes": "maxStdoutBytes",
  // Documents set these, and their errors say where.
  "calls-rate": undefined,
  "denials-rate": undefined,
};

/** What to do about a limit that a call came to, in the words of the surface: `raise limits.fuel, which is 100`. */
export function limitAdvice(limit: LimitDetail["limit"], cap: number): string {
  const name = SET_BY[limit];
  return name === undefined
    ? `the bound is ${cap}; build it so that it has fewer`
    : `raise ${shownLimit(name, cap)}, if it needs more`;
}
