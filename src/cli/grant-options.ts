import { type Command, Option } from "commander";
import type { GrantsInput } from "../policy/parse-grants.ts";

/** The flags that grant capabilities, as parsed. */
export interface GrantFlags {
  readonly allowFsRead?: readonly string[];
  readonly allowFsWrite?: readonly string[];
  readonly allowNetwork?: readonly string[];
  readonly allowPublicNetwork?: boolean;
}

/**
 * Flags whose value is optional take it only after `=`, so that `--allow-fs-read skill.wasm` does not grant a file named
 * `skill.wasm`. The bare forms are spelled out here before the arguments are parsed.
 */
const BARE: Readonly<Record<string, string>> = {
  "--allow-fs-read": "--allow-fs-read=.",
  "--allow-fs-write": "--allow-fs-write=.",
  "--allow-network": "--allow-public-network",
};

/** Spells out the bare forms, up to a `--`. */
export function expandBareGrants(words: readonly string[]): string[] {
  return words.map((word, index) => (isBareGrant(words, index) ? (BARE[word] ?? word) : word));
}

/**
 * What to say to someone whose command failed and who wrote `--allow-fs-read PATH`, where the path became the component
 * or the export.
 */
export function grantValueHint(words: readonly string[]): string | undefined {
  for (const [index, flag] of words.entries()) {
    const value = words[index + 1];
    if (!isBareGrant(words, index) || value === undefined || /^-|\.wasm$/.test(value)) continue;
    return `(A grant takes its value after an equals sign: ${flag}=${value})`;
  }
  return undefined;
}

function isBareGrant(words: readonly string[], index: number): boolean {
  const end = words.indexOf("--");
  return (end < 0 || index < end) && Object.hasOwn(BARE, words[index] ?? "");
}

/** How the flags are shown in a command's help, where that is not how they are declared. */
export const GRANT_TERMS: Readonly<Record<string, string>> = {
  "--allow-fs-read": "--allow-fs-read[=PATH]",
  "--allow-fs-write": "--allow-fs-write[=PATH]",
  "--allow-network": "--allow-network[=HOST[:PORT]]",
};

function repeatable(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}

function grant(flags: string, description: string): Option {
  return new Option(flags, description).argParser(repeatable);
}

/** Adds the grant flags to a command. */
export function addGrantOptions(command: Command): Command {
  return command
    .addOption(grant("--allow-fs-read <PATH>", "read PATH and all below it; bare: the current directory (repeatable)"))
    .addOption(
      grant("--allow-fs-write <PATH>", "write PATH and all below it; bare: the current directory (repeatable)"),
    )
    .addOption(grant("--allow-network <HOST>", "reach HOST over HTTP; bare: any public address (repeatable)"))
    .addOption(new Option("--allow-public-network").hideHelp());
}

/** The grants that the flags ask for. */
export function grantsFromFlags(flags: GrantFlags): GrantsInput {
  return {
    filesystem: { read: flags.allowFsRead ?? [], write: flags.allowFsWrite ?? [] },
    network: { public: flags.allowPublicNetwork === true, hosts: flags.allowNetwork ?? [] },
  };
}
