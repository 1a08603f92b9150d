import type { AuditObservation, AuditResult } from "../../audit/event.ts";
import type { ProcessGrant } from "../../policy/grants.ts";
import { checkCommand } from "./check.ts";
import { locate } from "./locate.ts";
import { ProgramSlots } from "./program-slots.ts";
import { type ProgramOutcome, runProgram } from "./run-program.ts";
import { requestProblem, requestResource, type RunAnswer, type RunError, type RunRequest } from "./run-request.ts";

/** How many programs run at once for all guests of this process; others wait for one to end. */
const MAX_RUNNING = 32;

const slots = new ProgramSlots(MAX_RUNNING);

/** What the thread that embeds Cordon knows of the invocation that asks. */
export interface Asker {
  readonly grant: ProcessGrant;
  /** Aborted when the invocation has ended, however it did: the program is killed. */
  readonly signal: AbortSignal;
  readonly observe: (observation: AuditObservation) => void;
}

/**
 * Runs a program for a guest. It belongs to the thread that embeds Cordon and not to the guest's, which can be ended at any moment
 * and could kill nothing then. The grant is checked again. Records one event when the program has started, or why it has not, and
 * another when it wrote more than it may.
 */
export async function answerProcess(request: RunRequest, asker: Asker): Promise<RunAnswer> {
  const record = (result: AuditResult, reason?: string): void =>
    asker.observe({
      eventType: "ProcessStart",
      action: "process.run",
      resource: requestResource(request.command, request.arguments),
      result,
      ...(reason === undefined ? {} : { reason }),
    });
  const refuse = (result: AuditResult, reason: string, error: RunError): RunAnswer => {
    record(result, reason);
    return { tag: "err", val: error };
  };

  const decision = checkCommand(asker.grant, request.command);
  if (!decision.allowed) return refuse("Denied", decision.reason, { tag: "denied" });
  const problem = requestProblem(request.command, request.arguments);
  if (problem !== undefined) return refuse("Denied", problem, failed(problem));

  using slot = await slots.take(asker.signal);
  const located = await locate(decision);
  if (slot === undefined || asker.signal.aborted) {
    return refuse("Error", "the invocation ended before it was started", failed("the invocation has ended"));
  }
  switch (located.kind) {
    case "changed":
      return refuse("Denied", "its path leads elsewhere than when it was granted", { tag: "denied" });
    case "not-found":
      return refuse("Error", "no such file", { tag: "not-found" });
    case "failed":
      return refuse("Error", located.reason, failed(located.reason));
    case "found":
      break;
  }
  const outcome = await runProgram({
    path: located.path,
    name: decision.name,
    arguments: request.arguments,
    stdin: request.stdin,
    timeoutMs: request.timeoutMs,
    maxOutputBytes: request.maxOutputBytes,
    signal: asker.signal,
    started: () => record("Allowed"),
  });
  return answerOf(outcome, request, asker, (reason) => record("Error", reason));
}

function answerOf(
  outcome: ProgramOutcome,
  request: RunRequest,
  { observe }: Asker,
  notStarted: (reason: string) => void,
): RunAnswer {
  switch (outcome.kind) {
    case "ended":
      return { tag: "ok", val: outcome.output };
    case "timed-out":
      return { tag: "err", val: { tag: "timed-out" } };
    case "output-too-large":
      observe({
        eventType: "PolicyViolation",
        action: "process.run",
        resource: requestResource(request.command, []),
        result: "Denied",
        reason: `it wrote more than ${request.maxOutputBytes} bytes`,
      });
      return { tag: "err", val: { tag: "output-too-large" } };
    case "cancelled":
      return { tag: "err", val: failed("the invocation has ended") };
    case "not-started": {
      const reason = `it cannot be started (${outcome.code})`;
      notStarted(reason);
      return { tag: "err", val: failed(reason) };
    }
    case "failed":
      return { tag: "err", val: failed(`its output cannot be read (${outcome.code})`) };
  }
}

function failed(reason: string): RunError {
  return { tag: "failed", val: reason };
}
