import type { HostContext } from "../capability.ts";
import { perInvocation } from "../per-invocation.ts";
import { cutResource } from "../text.ts";
import { reportUses } from "../uses.ts";

/** The variables that were granted, for the guest; that it got them is recorded. */
export function grantedVariables(context: HostContext): readonly (readonly [string, string])[] {
  recordOnce(context);
  return context.grants.environment;
}

const recorded = perInvocation(() => ({ yet: false }));

/** Records that the guest got the variables, by their names; once, as it gets the same ones each time. */
function recordOnce(context: HostContext): void {
  const state = recorded(context);
  const { environment } = context.grants;
  if (state.yet || environment.length === 0) return;
  state.yet = true;
  context.observe({
    eventType: "EnvironmentAccess",
    action: "environment.get-environment",
    resource: cutResource(environment.map(([name]) => name).join(" ")),
    result: "Allowed",
  });
  const label = { eventType: "EnvironmentAccess", action: "environment.get-environment", resource: "" } as const;
  reportUses(context, label, [{ kind: "given", what: "variables" }]);
}
