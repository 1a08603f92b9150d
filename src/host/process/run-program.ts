import type { ChildProcess } from "node:child_process";
import { groupEnded, groupStarted, killGroup } from "./process-groups.ts";
import type { ExitStatus, ProgramOutput } from "./run-request.ts";

/** A program to run. */
export interface ProgramStart {
  /** Absolute; started as it is, without a shell and without looking for it anywhere. */
  readonly path: string;
  /** The name that it is started with, its first argument. */
  readonly name: string;
  readonly arguments: readonly string[];
  readonly stdin: Uint8Array | undefined;
  /** In milliseconds. */
  readonly timeoutMs: number;
  /** What stdout and stderr may hold together, in bytes. */
  readonly maxOutputBytes: number;
  readonly signal: AbortSignal;
  /** Called once the program runs. */
  readonly started: () => void;
}

/** How that went. Only `ended` programs came to their own end; the others were killed, if they were started at all. */
export type ProgramOutcome =
  | { readonly kind: "ended"; readonly output: ProgramOutput }
  | { readonly kind: "timed-out" | "output-too-large" | "cancelled" }
  | { readonly kind: "not-started"; readonly code: string }
  | { readonly kind: "failed"; readonly code: string };

/**
 * Nothing. Node passes its own NODE_V8_COVERAGE on where this does not name it. Where Node runs with its permission model it
 * adds NODE_OPTIONS with those flags, so that a program which is Node is bound by them too; and Windows adds what its
 * programs cannot do without.
 */
const NO_ENVIRONMENT: Readonly<Record<string, string | undefined>> = { NODE_V8_COVERAGE: undefined };

const HAS_GROUPS = process.platform !== "win32";

/**
 * Runs a program to its end: no shell, no environment, the folder `/`, no terminal, a process group of its own, and no open file
 * but its three streams. When it exits, and when it is not let go on, what is left of its group is killed. It is done when it has
 * exited and its output is closed.
 */
export async function runProgram(start: ProgramStart): Promise<ProgramOutcome> {
  // Guests without the grant need not wait for it to load.
  const { spawn } = await import("node:child_process");
  if (start.signal.aborted) return { kind: "cancelled" };
  let child: ChildProcess;
  try {
    child = spawn(start.path, start.arguments, {
      argv0: start.name,
      cwd: "/",
      env: { ...NO_ENVIRONMENT },
      stdio: [start.stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
      detached: HAS_GROUPS,
      windowsHide: true,
      shell: false,
    });
  } catch (thrown) {
    return { kind: "not-started", code: codeOf(thrown) };
  }
  const { pid } = child;
  if (pid === undefined) return notStarted(child);
  if (HAS_GROUPS) groupStarted(pid);
  start.started();
  return run(child, pid, start);
}

function notStarted(child: ChildProcess): Promise<ProgramOutcome> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve({ kind: "not-started", code: codeOf(error) }));
  });
}

async function run(child: ChildProcess, pid: number, start: ProgramStart): Promise<ProgramOutcome> {
  const exited = Promise.withResolvers<void>();
  const outcome = Promise.withResolvers<ProgramOutcome>();
  const end = (kind: "timed-out" | "output-too-large" | "cancelled"): void => outcome.resolve({ kind });
  const fail = (error: Error): void => outcome.resolve({ kind: "failed", code: codeOf(error) });

  const collected = new Collected(start.maxOutputBytes, () => end("output-too-large"));
  child.stdout?.on("data", (chunk: Buffer) => collected.add("stdout", chunk));
  child.stderr?.on("data", (chunk: Buffer) => collected.add("stderr", chunk));
  child.stdout?.on("error", fail);
  child.stderr?.on("error", fail);
  child.on("error", fail);
  // A program need not read its input; that it did not is no failure of it.
  child.stdin?.on("error", () => undefined);
  if (start.stdin !== undefined) child.stdin?.end(new Uint8Array(start.stdin));

  child.once("exit", () => {
    if (HAS_GROUPS) groupEnded(pid);
    exited.resolve();
  });
  child.once("close", (code, signal) => {
    outcome.resolve({ kind: "ended", output: collected.output(statusOf(code, signal)) });
  });
  const timer = setTimeout(() => end("timed-out"), start.timeoutMs);
  const onAbort = (): void => end("cancelled");
  start.signal.addEventListener("abort", onAbort, { once: true });
  try {
    const result = await outcome.promise;
    if (result.kind !== "ended") await kill(child, pid, exited.promise);
    return result;
  } finally {
    clearTimeout(timer);
    start.signal.removeEventListener("abort", onAbort);
  }
}

/** Kills a program with its group, lets go of its streams, and waits until it is gone. */
async function kill(child: ChildProcess, pid: number, exited: Promise<void>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    if (HAS_GROUPS) killGroup(pid);
    else child.kill("SIGKILL");
  }
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
  await exited;
}

/** What a program wrote. */
class Collected {
  readonly #chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  readonly #tooLarge: () => void;
  #left: number;

  constructor(maxBytes: number, tooLarge: () => void) {
    this.#left = maxBytes;
    this.#tooLarge = tooLarge;
  }

  add(stream: "stdout" | "stderr", chunk: Buffer): void {
    this.#left -= chunk.length;
    if (this.#left < 0) this.#tooLarge();
    else this.#chunks[stream].push(chunk);
  }

  output(status: ExitStatus): ProgramOutput {
    const { stdout, stderr } = this.#chunks;
    return { status, stdout: new Uint8Array(Buffer.concat(stdout)), stderr: new Uint8Array(Buffer.concat(stderr)) };
  }
}

function statusOf(code: number | null, signal: NodeJS.Signals | null): ExitStatus {
  return code === null ? { tag: "signal", val: signal ?? "unknown" } : { tag: "code", val: code >>> 0 };
}

function codeOf(thrown: unknown): string {
  const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
  return typeof code === "string" ? code : "unknown";
}
