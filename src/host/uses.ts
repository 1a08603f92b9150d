import type { AuditObservation } from "../audit/event.ts";
import type { Grants } from "../policy/grants.ts";
import type { Use } from "../shared/use.ts";
import type { HostContext } from "./capability.ts";

/** What an event would say of an access. */
export type UseLabel = Pick<AuditObservation, "eventType" | "action" | "resource">;

/** Tells what an access took of the grants, where somebody wants to know. It is no event. */
export function reportUses(
  context: { readonly grants: Pick<Grants, "reportsUses">; readonly observe: HostContext["observe"] },
  label: UseLabel,
  uses: readonly Use[],
): void {
  if (context.grants.reportsUses !== true || uses.length === 0) return;
  context.observe({ ...label, result: "Allowed", uses });
}

/** Tells, once for an invocation, that something was given in place of less. */
export function onceGiven(
  what: Extract<Use, { readonly kind: "given" }>["what"],
  label: UseLabel,
): (context: HostContext) => void {
  const told = new WeakSet<HostContext>();
  return (context) => {
    if (context.grants.reportsUses !== true || told.has(context)) return;
    told.add(context);
    reportUses(context, label, [{ kind: "given", what }]);
  };
}
