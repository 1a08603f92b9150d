import type { Command } from "commander";
import type { SandboxOptions } from "../sandbox/sandbox.ts";
import { addGrantOptions, type GrantFlags } from "./grant-options.ts";
import { grantsFromFlags } from "./grants-from-flags.ts";
import { addLimitOptions, type LimitFlags, limitsFromFlags } from "./limit-options.ts";

/** The flags of a run, as parsed. */
export interface RunFlags extends GrantFlags, LimitFlags {
  readonly json?: boolean;
  readonly failOnDenied?: boolean;
  readonly audit?: string;
}

/** Adds the flags of commands that run a component. */
export function addRunOptions(command: Command): Command {
  addGrantOptions(command);
  addLimitOptions(command);
  return command
    .option("--fail-on-denied", "exit with 3 when any access was denied")
    .option("--audit <FILE>", "append every access to FILE as JSON lines")
    .option("--json", "print one JSON document");
}

/**
 * What the flags mean for the sandbox.
 *
 * @throws CordonError `usage` for a flag that cannot be read, or a quantity that is out of bounds.
 */
export function sandboxOptions(flags: RunFlags): SandboxOptions {
  return { grants: grantsFromFlags(flags), limits: limitsFromFlags(flags) };
}
