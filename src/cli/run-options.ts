import type { Command } from "commander";
import type { AuditEvent } from "../audit/event.ts";
import type { SandboxOptions } from "../sandbox/sandbox.ts";
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

/** What the flags mean for the sandbox. */
export function sandboxOptions(flags: RunFlags, onEvent: (event: AuditEvent) => void): SandboxOptions {
  const timeoutMs = flags.timeout === undefined ? undefined : parseDuration(flags.timeout, "--timeout");
  const memoryBytes = flags.maxMemory === undefined ? undefined : parseSize(flags.maxMemory, "--max-memory");
  return {
    grants: grantsFromFlags(flags),
    limits: {
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(memoryBytes === undefined ? {} : { memoryBytes }),
    },
    onEvent,
  };
}
