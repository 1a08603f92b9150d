import type { Remedy } from "../../shared/text/remedy.ts";
import type { AuditObservation, AuditResult } from "../../audit/event.ts";
import type { ProcessGrant } from "../../policy/grants.ts";
import type { Limits } from "../../shared/limits/limits.ts";
import { checkCommand } from "./check.ts";
import { locate } from "./locate.ts";
import { ProgramSlots } from "./program-slots.ts";
import { type ProgramOutcome, runProgram } from "./run-program.ts";
import { readRunRequest } from "./read-request.ts";
import {
  MAX_PROGRAMS_AT_ONCE,
  requestProblem,
  requestResource,
  type RunAnswer,
  type RunError,
  type RunRequest,
} from "./run-request.ts";

/** How many programs run at once for all guests of this process; others wait for one to end. */
const MAX_RUNNING = 32;

const slots = new ProgramSlots(MAX_RUNNING);

/** Which programs may be run now. */
export interface ProcessPolicy {
  readonly grants: { readonly process: ProcessGrant };
  /** Has a function called whenever that has changed, until what is returned is called. */
  readonly onChange: (changed: () => void) => () => void;
}

/** What the thread that embeds Cordon knows of the invocation that asks. */
export interface Asker {
  readonly policy: ProcessPolicy;
  readonly limits: Pick<Limits, "timeoutMs" | "maxReadBytes" | "maxWriteBytes">;
  readonly observe: (observation: AuditObservation) => void;
}

/**
 * Runs programs for one invocation. They belong to the thread that embeds Cordon and not to the guest's, which can be ended at any
 * moment and could kill nothing then. What is asked, the grant and the limits are checked again, since the guest's side may have
 * been taken over.
 */
export class ProgramAnswers {
  readonly #asker: Asker;
  #running = 0;
  #inputBytes = 0;
  #outputBytes = 0;

  constructor(asker: Asker) {
    this.#asker = asker;
  }

  /**
   * Runs a program to its end. Rejects when the host function would not have asked. Records one event when the program has started,
   * or why it has not, and another when it wrote more than it may.
   *
   * @param signal Aborted when the invocation has ended, however it did: the program is killed.
   */
  async answer(payload: unknown, signal: AbortSignal): Promise<RunAnswer> {
    const { limits } = this.#asker;
    const asked = readRunRequest(payload, limits);
    const inputBytes = asked.stdin?.length ?? 0;
    if (this.#running >= MAX_PROGRAMS_AT_ONCE) {
      throw new Error(`Cannot run a program: ${MAX_PROGRAMS_AT_ONCE} of the invocation run already`);
    }
    if (this.#inputBytes + inputBytes > limits.maxWriteBytes) {
      throw new Error(
        `Cannot run a program: its input is more than ${limits.maxWriteBytes} bytes, with what was written`,
      );
    }
    this.#running += 1;
    this.#inputBytes += inputBytes;
    try {
      // What the guest's side has not yet counted is counted here.
      const left = Math.max(0, limits.maxReadBytes - this.#outputBytes);
      const request = { ...asked, maxOutputBytes: Math.min(asked.maxOutputBytes, left) };
      const answer = await answerRun(request, this.#asker, signal);
      if (answer.tag === "ok") this.#outputBytes += answer.val.stdout.length + answer.val.stderr.length;
      return answer;
    } finally {
      this.#running -= 1;
    }
  }
}

/** Runs a program as long as it is allowed: taken back, it is killed. */
async function answerRun(request: RunRequest, asker: Asker, ended: AbortSignal): Promise<RunAnswer> {
  const revoked = new AbortController();
  const forget = asker.policy.onChange(() => {
    const decision = checkCommand(asker.policy.grants.process, request.command);
    if (!decision.allowed) revoked.abort(decision.reason);
  });
  try {
    const signal = AbortSignal.any([ended, revoked.signal]);
    const answer = await runAllowed(request, asker, signal);
    if (!revoked.signal.aborted) return answer;
    asker.observe({
      eventType: "ProcessStart",
      action: "process.run",
      resource: requestResource(request.command, request.arguments),
      result: "Denied",
      reason: `it was not let go on, since the policy has changed: ${String(revoked.signal.reason)}`,
    });
    return { tag: "err", val: { tag: "denied" } };
  } finally {
    forget();
  }
}

async function runAllowed(request: RunRequest, asker: Asker, signal: AbortSignal): Promise<RunAnswer> {
  const record = (result: AuditResult, reason?: string, remedies?: readonly Remedy[]): void =>
    asker.observe({
      eventType: "ProcessStart",
      action: "process.run",
      resource: requestResource(request.command, request.arguments),
      result,
      ...(reason === undefined ? {} : { reason }),
      ...(remedies === undefined ? {} : { remedies }),
    });
  const refuse = (result: AuditResult, reason: string, error: RunError, remedies?: readonly Remedy[]): RunAnswer => {
    record(result, reason, remedies);
    return { tag: "err", val: error };
  };

  const decision = checkCommand(asker.policy.grants.process, request.command);
  if (!decision.allowed) return refuse("Denied", decision.reason, { tag: "denied" }, decision.remedies);
  const problem = requestProblem(request.command, request.arguments);
  if (problem !== undefined) return refuse("Denied", problem, failed(problem));

  using slot = await slots.take(signal);
  const located = await locate(decision);
  if (slot === undefined || signal.aborted) {
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
    signal,
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
