import type { ExecuteResult } from "../../sandbox/calls/program-result.ts";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import { CordonError } from "../../shared/errors.ts";
import type { Usage } from "../../shared/limits/usage.ts";
import { EXIT } from "../output/exit-codes.ts";
import type { OutputTail } from "../output/output-tail.ts";
import { guestOutput } from "../output/guest-output.ts";

/** How a program is run. */
export interface ProgramOptions {
  readonly signal: AbortSignal;
  /** Whether it may read the stdin of the command line. */
  readonly stdin: boolean;
  /** Whether its output is kept for a document instead of written as it comes. */
  readonly capture: boolean;
  /** Sees the end of what it writes. */
  readonly tail: OutputTail;
}

/** How a program ended. */
export interface ProgramEnd extends Omit<ExecuteResult, "usage"> {
  readonly usage: Usage | undefined;
}

/** 128 and the number of SIGPIPE: what shells see of a program whose reader has gone. */
const UNREAD = 141;

/**
 * Runs a program with the command line's own streams. One whose stdout nobody takes any more is ended, as the system would end a
 * program of its own.
 */
export async function runProgram(
  sandbox: Sandbox,
  words: readonly string[],
  { signal, stdin, capture, tail }: ProgramOptions,
): Promise<ProgramEnd> {
  const unread = new AbortController();
  const print = guestOutput(process.stdout);
  const stdout = async (chunk: Uint8Array): Promise<void> => {
    try {
      await print(chunk);
    } catch (thrown) {
      unread.abort(thrown);
      throw thrown;
    }
  };
  try {
    const ended = await sandbox.execute(words, {
      signal: AbortSignal.any([signal, unread.signal]),
      ...(stdin ? { stdin: process.stdin } : {}),
      ...(capture ? {} : { stdout: tail.before(stdout), stderr: tail.before(guestOutput(process.stderr)) }),
    });
    for (const captured of [ended.stdout, ended.stderr]) tail.add(captured);
    return unread.signal.aborted ? { ...ended, exitCode: UNREAD } : ended;
  } catch (thrown) {
    if (!unread.signal.aborted || !(thrown instanceof CordonError)) throw thrown;
    return { exitCode: UNREAD, stdout: new Uint8Array(), stderr: new Uint8Array(), usage: thrown.usage };
  }
}

/** The command line's exit code: the program's own, unless a denial was to make it fail. */
export function programExitCode({ exitCode, usage }: ProgramEnd, failOnDenied: boolean): number {
  return failOnDenied && (usage?.denials ?? 0) > 0 ? EXIT.denied : exitCode;
}

/** What `--json` shows of a program's output; what is no UTF-8 is shown as a replacement. */
export function outputDocument({ exitCode, stdout, stderr }: ProgramEnd): Record<string, unknown> {
  const decoder = new TextDecoder();
  return { exitCode, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
