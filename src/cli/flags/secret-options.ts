import { type Command, Option } from "commander";
import type { SandboxOptions } from "../../sandbox/options/sandbox-options.ts";
import type { SecretStoreOptions } from "../../sandbox/options/secret-options.ts";
import { CordonError } from "../../shared/errors.ts";
import { repeatable } from "./grant-options.ts";

/** The flags that say where the identity for secrets comes from, as parsed. */
export interface IdentityFlags {
  readonly keyFile?: string;
  readonly keyCommand?: string;
}

/** The flags about the secrets of a component, as parsed. */
export interface SecretFlags extends IdentityFlags {
  readonly secret?: readonly string[];
}

/** Adds the flags that say where the identity comes from. */
export function addIdentityOptions(command: Command, group: string): Command {
  return command
    .addOption(new Option("--key-file <FILE>", "the identity that secrets are encrypted for").helpGroup(group))
    .addOption(
      new Option(
        "--key-command <COMMAND>",
        "a program that prints it; words are parted at blanks, without a shell",
      ).helpGroup(group),
    );
}

/** Adds them to commands that let a component run. */
export function addSecretOptions(command: Command): Command {
  const group = "Secrets:";
  command.addOption(
    new Option("--secret <KEY=HEADER@HOST>", "put a secret of the component's into requests to HOST (repeatable)")
      .argParser(repeatable)
      .helpGroup(group),
  );
  return addIdentityOptions(command, group);
}

/**
 * What they mean for the sandbox.
 *
 * @throws CordonError `usage` for flags that cannot be read.
 */
export function secretsFromFlags(flags: SecretFlags): Pick<SandboxOptions, "secrets" | "secretStore"> {
  return { secrets: flags.secret?.map(parseSecret), secretStore: storeFromFlags(flags) };
}

/** @throws CordonError `usage` for an empty command. */
export function storeFromFlags({ keyFile, keyCommand }: IdentityFlags): SecretStoreOptions | undefined {
  if (keyFile === undefined && keyCommand === undefined) return undefined;
  const words = keyCommand?.split(/[ \t]+/u).filter((word) => word !== "");
  if (words?.length === 0) throw new CordonError("usage", "Cannot run --key-command: it is empty; name a program");
  return { keyFile, keyCommand: words };
}

function parseSecret(written: string): { readonly key: string; readonly header: string; readonly host: string } {
  const [, key, header, host] = /^([^=]*)=([^@]*)@(.+)$/su.exec(written) ?? [];
  if (key !== undefined && header !== undefined && host !== undefined) return { key, header, host };
  // Nothing of it is shown: it is a secret where somebody took the flag for one that takes the value.
  throw new CordonError(
    "usage",
    "Cannot read --secret: write KEY=HEADER@HOST; the value itself is set with cordon secret set",
  );
}
