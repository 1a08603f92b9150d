import type { Command } from "commander";
import type { SandboxOptions } from "../sandbox/sandbox.ts";
import { LIMIT_BOUNDS } from "../sandbox/limit-options.ts";
import { addGrantOptions, type GrantFlags, grantsFromFlags } from "./grant-options.ts";
import { parseDuration, parseSize } from "./quantities.ts";

/** The flags that bound a run, as parsed. */
export interface RunFlags extends GrantFlags {
  readonly timeout?: string;
  readonly maxMemory?: string;
  readonly json?: boolean;
  readonly failOnDenied?: boolean;
  readonly audit?: string;
}

/** Adds the flags of commands that run a component. */
export function addRunOptions(command: Command): Command {
  return addGrantOptions(command)
    .option("--timeout <DURATION>", "end it after DURATION, such as 500ms, 5s or 2m (default: 30s)")
    .option("--max-memory <SIZE>", "cap its memory, such as 64MiB (default: 128MiB)")
    .option("--fail-on-denied", "exit with 3 when any access was denied")
    .option("--audit <FILE>", "append every access to FILE as JSON lines")
    .option("--json", "print one JSON document");
}

/**
 * What the flags mean for the sandbox.
 *
 * @throws CordonError `usage` for a quantity that cannot be read or is out of bounds.
 */
export function sandboxOptions(flags: RunFlags): SandboxOptions {
  const { timeout, maxMemory } = flags;
  return {
    grants: grantsFromFlags(flags),
    limits: {
      ...(timeout === undefined ? {} : { timeoutMs: parseDuration(timeout, "--timeout", LIMIT_BOUNDS.timeoutMs) }),
      ...(maxMemory === undefined
        ? {}
        : { memoryBytes: parseSize(maxMemory, "--max-memory", LIMIT_BOUNDS.memoryBytes) }),
    },
  };
}
