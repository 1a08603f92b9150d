import type { LimitDetail } from "../../shared/errors.ts";
import type { Limits } from "../../shared/limits.ts";
import { shownLimit } from "../../shared/remedy.ts";

/** What sets the limits that errors name; nothing sets how complex a component may be. */
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
  handles: "maxHandles",
  "stdout-bytes": "maxStdoutBytes",
};

/** What to do about a limit that a call came to, in the words of the surface: `raise limits.fuel, which is 100`. */
export function limitAdvice(limit: LimitDetail["limit"], cap: number): string {
  const name = SET_BY[limit];
  return name === undefined ? "make it do less" : `raise ${shownLimit(name, cap)}, if it needs more`;
}
