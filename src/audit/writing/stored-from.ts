import type { AuditEvent } from "../event.ts";
import type { StoredEvent } from "../stored-event.ts";

/** How much is kept of one text, in UTF-16 units. */
const MAX_TEXT = 4_096;

/**
 * An access in the form that is stored.
 *
 * @param run What makes invocations of this process unlike those of others.
 */
export function storedFrom(event: AuditEvent, run: string): StoredEvent {
  return {
    schema: 1,
    timestamp: event.timestamp,
    component_id: cut(event.componentId),
    component_digest: event.componentDigest,
    event_type: event.eventType,
    resource: cut(event.resource),
    action: cut(event.action),
    result: event.result,
    ...(event.reason === undefined ? {} : { reason: cut(event.reason) }),
    ...(event.policyVersion === undefined ? {} : { policy_version: event.policyVersion }),
    invocation: `${run}-${event.invocation}`,
    sequence: event.sequence,
  };
}

function cut(text: string): string {
  return text.length <= MAX_TEXT ? text : text.slice(0, MAX_TEXT);
}
