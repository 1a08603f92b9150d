import type { ProgramTables } from "../../component/bound-instances.ts";
import { CordonError } from "../../shared/errors.ts";
import { shownLimit } from "../../shared/text/remedy.ts";
import type { Limits } from "../../shared/limits/limits.ts";

/**
 * Compares the tables of a program with what a call allows it. Each has a maximum since it was hardened, so this is known before
 * anything is instantiated.
 *
 * @throws CordonError `limit`.
 */
export function assertTablesWithin(limits: Limits, { count, entries }: ProgramTables): void {
  if (count > limits.maxTables) throw over("tables", "maxTables", count, limits.maxTables);
  if (entries > limits.maxTableEntries) throw over("table-entries", "maxTableEntries", entries, limits.maxTableEntries);
}

function over(limit: "tables" | "table-entries", name: keyof Limits, used: number, cap: number): CordonError {
  const what = limit === "tables" ? `${used} tables` : `tables of up to ${used} entries`;
  const message = `Cannot call the component: its instances have ${what}, over its cap; raise ${shownLimit(name, cap)}`;
  return new CordonError("limit", message, { limit: { limit, cap, used } });
}
