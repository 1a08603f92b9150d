import type { HostContext } from "../capability.ts";
import { cutResource } from "../text.ts";

/**
 * The value of a variable that was granted, or `undefined`: whether the host has one of that name that was not granted, the
 * guest does not learn. Records the access, without the value.
 */
export function getVariable({ grants, observe }: HostContext, name: string): string | undefined {
  const found = grants.environment.find(([granted]) => granted === name);
  const event = { eventType: "EnvironmentAccess", action: "vak.env-get", resource: cutResource(name) } as const;
  if (found === undefined)
    observe({
      ...event,
      result: "Denied",
      reason: "the variable is not granted",
      remedies: [{ setting: "grants.environment.set", value: event.resource }],
    });
  else observe({ ...event, result: "Allowed" });
  return found?.[1];
}
