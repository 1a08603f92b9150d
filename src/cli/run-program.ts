import type { ExecuteResult, Sandbox } from "../sandbox/sandbox.ts";
import { EXIT } from "./exit-codes.ts";
import { guestOutput } from "./guest-output.ts";

/** How a program is run. */
export interface ProgramOptions {
  readonly signal: AbortSignal;
  /** Whether it may read the stdin of the command line. */
  readonly stdin: boolean;
  /** Whether its output is kept for a document instead of written as it comes. */
  readonly capture: boolean;
}

/** Runs a program with the command line's own streams. */
export function runProgram(
  sandbox: Sandbox,
  words: readonly string[],
  { signal, stdin, capture }: ProgramOptions,
): Promise<ExecuteResult> {
  return sandbox.execute(words, {
    signal,
    ...(stdin ? { stdin: process.stdin } : {}),
    ...(capture ? {} : { stdout: guestOutput(process.stdout), stderr: guestOutput(process.stderr) }),
  });
}

/** The command line's exit code: the program's own, unless a denial was to make it fail. */
export function programExitCode({ exitCode, usage }: ExecuteResult, failOnDenied: boolean): number {
  return failOnDenied && usage.denials > 0 ? EXIT.denied : exitCode;
}

/** What `--json` shows of a program's output; what is no UTF-8 is shown as a replacement. */
export function outputDocument({ exitCode, stdout, stderr }: ExecuteResult): Record<string, unknown> {
  const decoder = new TextDecoder();
  return { exitCode, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
