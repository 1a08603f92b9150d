import type { AuditObservation } from "../../audit/event.ts";

/** Takes what an access used, and says what is to be recorded of that, if anything. */
export type UsesListener = (
  label: Pick<AuditObservation, "eventType" | "action" | "resource">,
  uses: NonNullable<AuditObservation["uses"]>,
) => AuditObservation | undefined;
