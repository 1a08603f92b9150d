import { type Command, Option } from "commander";
import { CordonError } from "../../shared/errors.ts";

/** The flags that grant capabilities, as parsed. */
export interface GrantFlags {
  readonly allowFsRead?: readonly string[];
  readonly allowFsWrite?: readonly string[];
  readonly dir?: readonly string[];
  readonly allowStorage?: readonly string[];
  readonly denyStorage?: readonly string[];
  readonly allowCreate?: boolean;
  readonly allowDelete?: boolean;
  readonly maxFileSize?: string;
  readonly allowNetwork?: readonly string[];
  readonly allowPublicNetwork?: boolean;
  readonly allowNet?: readonly string[];
  readonly denyNet?: readonly string[];
  readonly allowListen?: readonly string[];
  readonly allowDns?: readonly string[];
  readonly env?: readonly string[];
  readonly envFrom?: readonly string[];
  readonly envFile?: readonly string[];
  readonly inheritEnv?: readonly string[];
  readonly stdin?: boolean;
  readonly allowProcess?: readonly string[];
  readonly clock?: boolean;
  readonly clockResolution?: string;
  readonly clockJitter?: string;
  readonly deterministic?: string;
  readonly random?: string;
  readonly grant?: readonly string[];
}

/** What stands for everything in the flags whose bare form means that. */
export const EVERYTHING = "*";

/**
 * Flags whose value is optional take it only after `=`, so that `--allow-fs-read skill.wasm` does not grant a file named
 * `skill.wasm`. The bare forms are spelled out here before the arguments are parsed.
 */
const BARE: Readonly<Record<string, string>> = {
  "--allow-fs-read": "--allow-fs-read=.",
  "--allow-fs-write": "--allow-fs-write=.",
  "--allow-network": "--allow-public-network",
  "--allow-dns": `--allow-dns=${EVERYTHING}`,
  "--inherit-env": `--inherit-env=${EVERYTHING}`,
  "--allow-process": `--allow-process=${EVERYTHING}`,
  "--deterministic": "--deterministic=0",
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
  return (end < 0 || index < end) && takesAttachedValue(words[index] ?? "");
}

/** Whether a flag's value can be left out, and has to follow an equals sign. */
export function takesAttachedValue(flag: string): boolean {
  return Object.hasOwn(BARE, flag);
}

/** How the flags are shown in a command's help, where that is not how they are declared. */
export const GRANT_TERMS: Readonly<Record<string, string>> = {
  "--allow-fs-read": "--allow-fs-read[=PATH]",
  "--allow-fs-write": "--allow-fs-write[=PATH]",
  "--dir": "--dir <HOST[::GUEST][:ro|:rw]>",
  "--allow-storage": "--allow-storage <ACCESS=URI>",
  "--deny-storage": "--deny-storage <[ACCESS=]URI>",
  "--allow-network": "--allow-network[=HOST[:PORT]]",
  "--allow-net": "--allow-net <[SCHEME://]HOST[:PORTS]>",
  "--deny-net": "--deny-net <[SCHEME://]HOST[:PORTS]>",
  "--allow-listen": "--allow-listen <[SCHEME://]ADDRESS:PORTS>",
  "--allow-dns": "--allow-dns[=NAME]",
  "--env": "--env <NAME=VALUE>",
  "--inherit-env": "--inherit-env[=NAME]",
  "--allow-process": "--allow-process[=COMMAND]",
  "--deterministic": "--deterministic[=SEED]",
  "--random": "--random <none|pseudo[:SEED]|full>",
  "--grant": "--grant <NAME=VALUE>",
};

/** Collects the values of a flag that may be given more than once. */
export function repeatable(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}

function list(flags: string, description: string): Option {
  return new Option(flags, description).argParser(repeatable);
}

const GROUPS: readonly (readonly [heading: string, options: () => readonly Option[]])[] = [
  [
    "Files:",
    () => [
      list("--allow-fs-read <PATH>", "let skills read PATH and all below it; bare: the current directory (repeatable)"),
      list(
        "--allow-fs-write <PATH>",
        "let skills write PATH and all below it; bare: the current directory (repeatable)",
      ),
      list("--dir <FOLDER>", "open HOST for a WASI program, under the name GUEST; :ro is the default (repeatable)"),
      list(
        "--allow-storage <RULE>",
        "let files be reached by a pattern, such as read,write=fs:///data/** (repeatable)",
      ),
      list("--deny-storage <RULE>", "never let these be reached, whatever is allowed (repeatable)"),
      new Option("--allow-create", "make files and folders in what --dir opens for writing"),
      new Option("--allow-delete", "remove and rename them"),
      new Option("--max-file-size <SIZE>", "let no file that is written grow past SIZE"),
    ],
  ],
  [
    "Network:",
    () => [
      list("--allow-network <HOST>", "HTTP to HOST; bare: any public address (repeatable)"),
      list(
        "--allow-net <RULE>",
        "reach HOST, a *.SUFFIX or a block of addresses; no SCHEME: by any protocol (repeatable)",
      ),
      list("--deny-net <RULE>", "never reach this, whatever is allowed (repeatable)"),
      list("--allow-listen <RULE>", "wait for connections and datagrams there (repeatable)"),
      list("--allow-dns <NAME>", "look up NAME or *.SUFFIX; bare: any name (repeatable)"),
      new Option("--allow-public-network").hideHelp(),
    ],
  ],
  [
    "Surroundings:",
    () => [
      list("--env <VARIABLE>", "set a variable; there are none otherwise (repeatable)"),
      list("--env-from <FILE>", "set the NAME=VALUE lines of FILE (repeatable)"),
      // Node looks for this one among the arguments of every program, and applies the file's NODE_OPTIONS to itself.
      list("--env-file <FILE>", "the same, for files you wrote: Node itself obeys NODE_OPTIONS in FILE (repeatable)"),
      list("--inherit-env <NAME>", "pass one of this process; bare: all (repeatable)"),
      list("--allow-process <COMMAND>", "start this program; bare: any program (repeatable)"),
      new Option("--clock", "show it the real time"),
      new Option("--clock-resolution <DURATION>", "the steps its clocks go in, such as 1us").default(undefined, "1ms"),
      new Option("--clock-jitter <DURATION>", "let each of those steps come late by up to this").default(
        undefined,
        "0",
      ),
      new Option("--random <KIND>", "where its random bytes come from").default(undefined, "pseudo:0"),
      new Option("--deterministic <SEED>", "the same run each time: virtual time, and random bytes of SEED; bare: 0"),
      list("--grant <GRANT>", "grant a custom capability: true, false, MIN..MAX, [A,B] or a text (repeatable)"),
    ],
  ],
];

/** Adds the grant flags to a command. */
export function addGrantOptions(command: Command): Command {
  for (const [heading, options] of GROUPS) {
    for (const option of options()) command.addOption(option.helpGroup(heading));
  }
  return command;
}

/**
 * The name and the value of a flag such as `--env NAME=VALUE`.
 *
 * @param hint what to write instead, for the message
 * @throws CordonError `usage` when there is no equals sign, or no name before it.
 */
export function splitAssignment(text: string, flag: string, hint: string): readonly [name: string, value: string] {
  const equals = text.indexOf("=");
  if (equals > 0) return [text.slice(0, equals), text.slice(equals + 1)];
  const what = equals < 0 ? "it has no value" : "it has no name";
  throw new CordonError("usage", `Cannot read ${flag} ${JSON.stringify(text)}: ${what}; ${hint}`);
}
