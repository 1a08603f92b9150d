import { hasName } from "../../policy/parsing/parse-environment.ts";
import type { HostContext } from "../capability.ts";
import { cutResource } from "../text.ts";
import { reportUses } from "../uses.ts";

/**
 * The value of a variable that was granted, or `undefined`: whether the host has one of that name that was not granted, the
 * guest does not learn. Records the access, without the value.
 */
export function getVariable(context: HostContext, name: string): string | undefined {
  const { grants, observe } = context;
  const found = [...grants.environment, ...(grants.environmentByName ?? [])].find(([granted]) => granted === name);
  const event = { eventType: "EnvironmentAccess", action: "vak.env-get", resource: cutResource(name) } as const;
  const [, why] = grants.variableReasons?.find(([denied]) => hasName([denied], name)) ?? [];
  if (found === undefined && why !== undefined) {
    observe({ ...event, result: "Denied", reason: `the variable is denied: ${why}` });
  } else if (found === undefined)
    observe({
      ...event,
      result: "Denied",
      reason: "the variable is not granted",
      remedies: [{ setting: "grants.environment.set", value: event.resource }],
    });
  else {
    reportUses(context, event, [{ kind: "variable", name }]);
    observe({ ...event, result: "Allowed" });
  }
  return found?.[1];
}
