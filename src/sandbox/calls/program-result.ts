import type { Usage } from "../../shared/limits/usage.ts";

/** What a program gave. */
export interface ExecuteResult {
  /** From 0 to 255. A program that returns without a status has 0 when it was well, 1 when not. */
  readonly exitCode: number;
  /** What it wrote to stdout; empty when a sink took it. */
  readonly stdout: Uint8Array;
  /** What it wrote to stderr; empty when a sink took it. */
  readonly stderr: Uint8Array;
  /** What the run used. */
  readonly usage: Usage;
}

/** A program that runs, and its output as it comes. */
export interface SpawnedProgram {
  /** What it writes to stdout; empty when a sink takes it. Fails as `ended` does. */
  readonly stdout: ReadableStream<Uint8Array>;
  /** The same for stderr. */
  readonly stderr: ReadableStream<Uint8Array>;
  /** Settles as `Sandbox.execute` does, with nothing in its `stdout` and `stderr`. */
  readonly ended: Promise<ExecuteResult>;
  /** Ends it, as `cancelled`. */
  readonly stop: (reason?: unknown) => void;
}
