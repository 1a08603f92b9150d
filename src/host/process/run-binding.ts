import type { Remedy } from "../../shared/text/remedy.ts";
import type { AuditObservation } from "../../audit/event.ts";
import type { HostContext, HostInterface, HostResult } from "../capability.ts";
import { CountMeter } from "../metering/count-meter.ts";
import { takeAll } from "../metering/take-all.ts";
import { perInvocation } from "../per-invocation.ts";
import { cutResource } from "../text.ts";
import { reportUses } from "../uses.ts";
import { checkCommand } from "./check.ts";
import {
  MAX_PROGRAM_OUTPUT_BYTES,
  MAX_PROGRAM_TIME_MS,
  MAX_PROGRAMS_AT_ONCE,
  PROCESS_SERVICE,
  requestProblem,
  requestResource,
  type ProgramOutput,
  type RunAnswer,
  type RunError,
  type RunRequest,
} from "./run-request.ts";

const running = perInvocation(() => new CountMeter(MAX_PROGRAMS_AT_ONCE));

/** `cordon:process/run`: programs of the host that are granted, run to their end. See wit/process.wit. */
export const processRun: HostInterface = Object.freeze({
  name: "cordon:process/run",
  version: "0.1.0",
  functions: Object.freeze([
    Object.freeze({
      name: "run",
      type:
        "func(command: string, arguments: list<string>, stdin: option<list<u8>>, timeout-ms: option<u32>) -> " +
        "result<record { status: variant { code(u32), signal(string) }, stdout: list<u8>, stderr: list<u8> }, " +
        "variant { denied, not-found, timed-out, output-too-large, failed(string) }>",
      blocking: true,
      takesMuch: true,
      call: run,
    }),
  ]),
});

type RunResult = HostResult<ProgramOutput, RunError>;

function run(
  context: HostContext,
  command: string,
  words: readonly string[],
  stdin: Uint8Array | undefined,
  timeoutMs: number | undefined,
): RunResult | Promise<RunResult> {
  const refuse = (
    eventType: AuditObservation["eventType"],
    reason: string,
    error: RunError,
    remedies?: readonly Remedy[],
  ): RunResult => {
    const resource = requestResource(command, words);
    const event = { eventType, action: "process.run", resource, result: "Denied", reason } as const;
    context.observe(remedies === undefined ? event : { ...event, remedies });
    return { tag: "err", val: error };
  };
  const decision = checkCommand(context.grants.process, command);
  if (!decision.allowed) return refuse("ProcessStart", decision.reason, { tag: "denied" }, decision.remedies);
  const label = {
    eventType: "ProcessStart",
    action: "process.run",
    resource: requestResource(command, words),
  } as const;
  reportUses(context, label, [{ kind: "process", command: cutResource(command) }]);
  const problem = requestProblem(command, words);
  if (problem !== undefined) return refuse("ProcessStart", problem, { tag: "failed", val: problem });
  const { read, write } = context.meters;
  if (write.used + (stdin?.length ?? 0) > write.total) {
    const reason = `with its input, more than ${write.total} bytes would have been written`;
    return refuse("PolicyViolation", reason, { tag: "failed", val: reason });
  }
  if (!running(context).take()) {
    const reason = `${MAX_PROGRAMS_AT_ONCE} programs run already`;
    return refuse("PolicyViolation", reason, { tag: "failed", val: reason });
  }
  return runCounted(context, {
    command,
    arguments: words,
    stdin,
    timeoutMs: Math.min(timeoutMs ?? Infinity, context.limits.timeoutMs, MAX_PROGRAM_TIME_MS),
    maxOutputBytes: Math.max(0, Math.min(MAX_PROGRAM_OUTPUT_BYTES, read.total - read.used)),
  });
}

async function runCounted(context: HostContext, request: RunRequest): Promise<RunResult> {
  const { meters, signal } = context;
  try {
    if (!(await takeAll(meters.write, request.stdin?.length ?? 0, signal))) {
      return { tag: "err", val: { tag: "failed", val: `all ${meters.write.total} bytes are written already` } };
    }
    const answer = (await context.ask(PROCESS_SERVICE, request)) as RunAnswer;
    if (answer.tag === "err") return answer;
    const { stdout, stderr } = answer.val;
    const charged = await takeAll(meters.read, stdout.length + stderr.length, signal);
    return charged ? answer : { tag: "err", val: { tag: "output-too-large" } };
  } finally {
    running(context).release();
  }
}
