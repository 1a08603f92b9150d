import type { WorkerOutcome } from "../messages.ts";

/** What a guest gave its caller; undefined for an outcome of another kind. */
export function givenBy(outcome: WorkerOutcome): unknown {
  if (outcome.kind === "value") return outcome.value;
  return outcome.kind === "guest-error" ? outcome.payload : undefined;
}

/** The outcome with another value in the place of what the guest gave. */
export function withGiven(outcome: WorkerOutcome, given: unknown): WorkerOutcome {
  if (outcome.kind === "value") return { kind: "value", value: given };
  return outcome.kind === "guest-error" ? { kind: "guest-error", payload: given } : outcome;
}
