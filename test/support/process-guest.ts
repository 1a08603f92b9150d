import assert from "node:assert/strict";
import type { HostResult } from "../../src/host/capability.ts";
import { ProgramAnswers } from "../../src/host/process/answer.ts";
import { processRun } from "../../src/host/process/run-binding.ts";
import { PROCESS_SERVICE, type ProgramOutput, type RunError } from "../../src/host/process/run-request.ts";
import type { ProcessGrant } from "../../src/policy/grants.ts";
import type { Limits } from "../../src/shared/limits/limits.ts";
import { callHost, hostContext, type TestContext } from "./host-context.ts";

/** What a guest chooses. */
export interface RunOptions {
  readonly stdin?: Uint8Array;
  readonly timeoutMs?: number;
}

/** What a guest of `cordon:process/run` gets. */
export type RunResult = HostResult<ProgramOutput, RunError>;

/** The host's side of one invocation of a guest that starts programs. */
export interface ProcessGuest {
  readonly context: TestContext;
  readonly run: (command: string, words?: readonly string[], options?: RunOptions) => Promise<RunResult>;
}

/**
 * An invocation with both of its threads' parts in this one: what they send each other is copied as between threads.
 *
 * @param embedderGrant What the embedder's side believes was granted; the same as the guest's side unless a test wants to see
 *   that it decides for itself.
 */
export function processGuest(
  grant: ProcessGrant,
  limits: Partial<Limits> = {},
  embedderGrant: ProcessGrant = grant,
): ProcessGuest {
  const context: TestContext = hostContext({
    grants: { process: grant },
    limits,
    ask: async (service, payload) => {
      assert.equal(service, PROCESS_SERVICE);
      return structuredClone(await answers.answer(structuredClone(payload), context.signal));
    },
  });
  const answers = new ProgramAnswers({
    policy: { grants: { process: embedderGrant }, onChange: () => () => undefined },
    limits: context.limits,
    observe: (observation) => context.observe(observation),
  });
  return {
    context,
    run: async (command, words = [], { stdin, timeoutMs } = {}) =>
      (await callHost(processRun, "run", context, command, words, stdin, timeoutMs)) as RunResult,
  };
}

/** A grant of commands, by name and real path. */
export function commands(granted: Readonly<Record<string, string>>): ProcessGrant {
  return { kind: "commands", commands: Object.entries(granted).map(([name, path]) => ({ name, path })) };
}

/** What a program that exited with 0 wrote to its stdout. */
export function stdoutOf(result: RunResult): string {
  assert.equal(result.tag, "ok", JSON.stringify(result));
  const { status, stdout, stderr } = result.val;
  assert.deepEqual(status, { tag: "code", val: 0 }, Buffer.from(stderr).toString());
  return Buffer.from(stdout).toString();
}
