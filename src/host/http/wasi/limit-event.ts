import type { HostContext } from "../../capability.ts";

/** Records that a guest came to one of the limits of HTTP, and got an error for it. */
export function observeLimit({ observe }: HostContext, resource: string, reason: string): void {
  observe({ eventType: "PolicyViolation", action: "http.limit", resource, result: "Denied", reason });
}
