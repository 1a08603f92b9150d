import { cutResource, quote } from "../text.ts";

/** How many programs one invocation may run at once. */
export const MAX_PROGRAMS_AT_ONCE = 4;

/** What a program may write to its stdout and stderr together, in bytes. */
export const MAX_PROGRAM_OUTPUT_BYTES: number = 16 * 1024 * 1024;

/** The longest delay a timer has, in milliseconds. */
export const MAX_PROGRAM_TIME_MS: number = 2 ** 31 - 1;

/** How many arguments a program may be given. */
const MAX_ARGUMENTS = 4_096;

/** How long they may be together with the command, in bytes of UTF-8, the NUL after each counted. */
const MAX_ARGUMENT_BYTES = 256 * 1024;

/** The longest single one, as Linux has it. */
const MAX_ARGUMENT_LENGTH = 128 * 1024 - 1;

/** How much of the command and its arguments an audit event shows, in UTF-16 code units. */
const MAX_SHOWN = 4_096;

/** The service that starts programs, on the thread that embeds Cordon. */
export const PROCESS_SERVICE = "process";

/** What is asked of it. Plain data. */
export interface RunRequest {
  /** As the guest named it. */
  readonly command: string;
  readonly arguments: readonly string[];
  /** What the program reads as its stdin; `undefined` for nothing. */
  readonly stdin: Uint8Array | undefined;
  /** How long the program may run, in milliseconds. */
  readonly timeoutMs: number;
  /** How much it may write to its stdout and stderr together, in bytes. */
  readonly maxOutputBytes: number;
}

/** How a program ended, as `cordon:process/run` has it. */
export type ExitStatus =
  | { readonly tag: "code"; readonly val: number }
  | { readonly tag: "signal"; readonly val: string };

/** What a program left. */
export interface ProgramOutput {
  readonly status: ExitStatus;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

/** Why there is no output. */
export type RunError =
  | { readonly tag: "denied" | "not-found" | "timed-out" | "output-too-large" }
  | { readonly tag: "failed"; readonly val: string };

/** What the service answers: the function's result. */
export type RunAnswer =
  | { readonly tag: "ok"; readonly val: ProgramOutput }
  | { readonly tag: "err"; readonly val: RunError };

/** Why no program can be started like this, or `undefined` when one could. Checks the words alone. */
export function requestProblem(command: string, words: readonly string[]): string | undefined {
  if (words.length > MAX_ARGUMENTS) return `there are more than ${MAX_ARGUMENTS} arguments`;
  let bytes = 0;
  for (const [index, word] of [command, ...words].entries()) {
    const what = index === 0 ? "the command" : `argument ${index}`;
    // No text has fewer bytes than code units, so a long one is refused before it is measured.
    const length = word.length > MAX_ARGUMENT_LENGTH ? word.length : Buffer.byteLength(word);
    if (length > MAX_ARGUMENT_LENGTH) return `${what} is longer than ${MAX_ARGUMENT_LENGTH} bytes`;
    if (word.includes("\0")) return `${what} has a NUL character`;
    if (!word.isWellFormed()) return `${what} is not valid Unicode text`;
    bytes += length + 1;
    if (bytes > MAX_ARGUMENT_BYTES) return `the arguments are longer than ${MAX_ARGUMENT_BYTES} bytes`;
  }
  return undefined;
}

/** The command with its arguments, as an audit event shows them: each argument in quotes, cut where it is long. */
export function requestResource(command: string, words: readonly string[]): string {
  let text = cutResource(command);
  for (const word of words) {
    if (text.length >= MAX_SHOWN) break;
    text += ` ${quote(word)}`;
  }
  return cutResource(text);
}
