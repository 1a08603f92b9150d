import { type Command, Option } from "commander";
import type { SandboxOptions } from "../../sandbox/options/sandbox-options.ts";
import { addGrantOptions, type GrantFlags } from "./grant-options.ts";
import { deterministicFromFlags, grantsFromFlags } from "./grants-from-flags.ts";
import { addSignatureOptions, type SignatureFlags, signatureFromFlags } from "./signature-options.ts";
import { addSecretOptions, type SecretFlags, secretsFromFlags } from "./secret-options.ts";
import { addLimitOptions, type LimitFlags, limitsFromFlags } from "./limit-options.ts";

/** The flags of commands that let a component run, as parsed. */
export interface SandboxFlags extends GrantFlags, LimitFlags, SignatureFlags, SecretFlags {
  readonly policy?: readonly string[];
  readonly isolation?: "thread" | "process";
  readonly osSandbox?: "auto" | "required" | "off";
  readonly allowSharedMemory?: boolean;
  readonly trapMissingImports?: boolean;
  readonly audit?: string;
  readonly auditLog?: boolean;
}

/** Which manifest a component is run under: a path, the one beside it, or with `false` none. */
export interface ManifestFlags {
  readonly manifest?: string | boolean;
}

/** Adds the flags about manifests. */
export function addManifestOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--manifest <FILE>", "run it within what this manifest asks for")
        .default(undefined, "skill.yaml beside it, if that names it")
        .helpGroup("Policy:"),
    )
    .addOption(new Option("--no-manifest", "run it without its manifest").helpGroup("Policy:"));
}

/** The flags of a run, as parsed. */
export interface RunFlags extends SandboxFlags, ManifestFlags {
  readonly json?: boolean;
  readonly failOnDenied?: boolean;
  readonly usage?: boolean;
}

/**
 * Adds the flags of commands that let a component run.
 *
 * @param isolationByDefault What `--isolation` is where it is left out, as the help says it.
 */
export function addSandboxOptions(command: Command, isolationByDefault: string): Command {
  command.addOption(
    new Option("--policy <FILE>", "grant what this policy document says, beside the flags (repeatable)")
      .argParser((file: string, before: readonly string[] | undefined) => [...(before ?? []), file])
      .helpGroup("Policy:"),
  );
  addGrantOptions(command);
  addLimitOptions(command);
  addSignatureOptions(command);
  addSecretOptions(command);
  return command
    .addOption(
      isolationOption(
        "--isolation <LEVEL>",
        ["thread", "process"],
        "run it in a thread, or in a process that may reach only what is granted",
        isolationByDefault,
      ),
    )
    .addOption(
      isolationOption("--os-sandbox <MODE>", ["auto", "required", "off"], "wrap that process with bubblewrap", "auto"),
    )
    .addOption(
      new Option(
        "--allow-shared-memory",
        "let it use shared memory and atomic instructions, in its one thread",
      ).helpGroup("Loading:"),
    )
    .addOption(
      new Option(
        "--trap-missing-imports",
        "run a core module though functions that it imports are missing; calls of them trap",
      ).helpGroup("Loading:"),
    )
    .addOption(new Option("--audit <FILE>", "append every access to FILE as JSON lines").helpGroup("Output:"))
    .addOption(new Option("--audit-log", "keep every access in the log that cordon audit reads").helpGroup("Output:"));
}

/** One without a default of its own: what was not asked for is left to the sandbox. */
function isolationOption(flags: string, choices: readonly string[], description: string, byDefault: string): Option {
  return new Option(flags, description).choices(choices).default(undefined, byDefault).helpGroup("Isolation:");
}

/** Adds the flags of a run. */
export function addRunOptions(command: Command): Command {
  return addManifestOptions(addSandboxOptions(command, "thread"))
    .addOption(new Option("--stdin", "let it read stdin").helpGroup("Surroundings:"))
    .addOption(new Option("--fail-on-denied", "exit with 3 when any access was denied").helpGroup("Output:"))
    .addOption(new Option("--usage", "say on stderr what it used").helpGroup("Output:"))
    .addOption(new Option("--json", "print one JSON document").helpGroup("Output:"));
}

/**
 * What the flags mean for the sandbox.
 *
 * @throws CordonError `usage` for a flag that cannot be read, or a quantity that is out of bounds.
 */
export function sandboxOptions(flags: SandboxFlags): SandboxOptions {
  const deterministic = deterministicFromFlags(flags);
  return {
    grants: grantsFromFlags(flags),
    policy: { files: flags.policy ?? [], folders: true },
    limits: limitsFromFlags(flags),
    isolation: flags.isolation,
    osSandbox: flags.osSandbox,
    sharedMemory: flags.allowSharedMemory,
    missingImports: flags.trapMissingImports === true ? "trap" : undefined,
    signature: signatureFromFlags(flags),
    ...secretsFromFlags(flags),
    ...(deterministic === undefined ? {} : { deterministic }),
  };
}
