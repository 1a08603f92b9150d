import type { CustomInput } from "../../policy/parsing/parse-custom.ts";
import type { EnvironmentInput } from "../../policy/parsing/parse-environment.ts";
import type { FilesystemGrantsInput, GrantsInput } from "../../policy/parsing/parse-grants.ts";
import { parsePreopenText } from "../../policy/parsing/preopen-text.ts";
import type { StorageRuleInput } from "../../policy/storage/parse-storage.ts";
import type { RandomInput } from "../../policy/parsing/parse-random.ts";
import type { DeterministicInput } from "../../sandbox/options/deterministic.ts";
import { CordonError } from "../../shared/errors.ts";
import { readEnvFile, readNodeEnvFile } from "./env-file.ts";
import { EVERYTHING, type GrantFlags, splitAssignment } from "./grant-options.ts";
import { parseFineDuration, parseSize } from "./quantities.ts";

/**
 * The grants that the flags ask for; capabilities without a flag are left out. Reads the files of `--env-from` and `--env-file`.
 *
 * @throws CordonError `usage` for a flag that cannot be read.
 */
export function grantsFromFlags(flags: GrantFlags): GrantsInput {
  const { allowListen, allowDns, allowProcess, clock, clockResolution, clockJitter, random, grant } = flags;
  const environment = environmentFrom(flags);
  return {
    filesystem: filesystemFrom(flags),
    network: {
      public: flags.allowPublicNetwork === true,
      hosts: flags.allowNetwork ?? [],
      ...(flags.allowNet === undefined ? {} : { allow: flags.allowNet }),
      ...(flags.denyNet === undefined ? {} : { deny: flags.denyNet }),
    },
    ...(allowListen === undefined ? {} : { listen: allowListen }),
    ...(allowDns === undefined ? {} : { lookup: allowDns }),
    ...(environment === undefined ? {} : { environment }),
    ...(flags.stdin === true ? { stdin: true } : {}),
    ...(allowProcess === undefined ? {} : { process: allowProcess.includes(EVERYTHING) ? "full" : allowProcess }),
    ...(clock === true || clockResolution !== undefined || clockJitter !== undefined
      ? {
          clocks: {
            kind: clock === true ? ("read" as const) : ("none" as const),
            ...(clockResolution === undefined ? {} : { resolutionNs: resolutionFrom(clockResolution) }),
            ...(clockJitter === undefined ? {} : { jitterNs: jitterFrom(clockJitter) }),
          },
        }
      : {}),
    ...(random === undefined ? {} : { random: randomFrom(random) }),
    ...(grant === undefined ? {} : { custom: customFrom(grant) }),
  };
}

/** The folders that `--dir` opens for writing, as they were written. */
export function writableFolders(flags: GrantFlags): readonly string[] {
  return (flags.dir ?? [])
    .map(parsePreopenText)
    .filter(({ write }) => write)
    .map(({ host }) => host);
}

function filesystemFrom({ maxFileSize, ...flags }: GrantFlags): FilesystemGrantsInput {
  return {
    read: flags.allowFsRead ?? [],
    write: flags.allowFsWrite ?? [],
    ...(flags.dir === undefined ? {} : { preopens: flags.dir }),
    ...(flags.allowStorage === undefined ? {} : { allow: flags.allowStorage.map(storageRuleFrom) }),
    ...(flags.denyStorage === undefined ? {} : { deny: flags.denyStorage.map(storageRuleFrom) }),
    ...(flags.allowCreate === true ? { create: true } : {}),
    ...(flags.allowDelete === true ? { delete: true } : {}),
    ...(maxFileSize === undefined
      ? {}
      : { maxFileBytes: parseSize(maxFileSize, "--max-file-size", [0, Number.MAX_SAFE_INTEGER]) }),
  };
}

/** `ACCESS,…=URI`, or a URI alone for every access, which is for denials. */
function storageRuleFrom(text: string): StorageRuleInput {
  const [, words, uri] = /^([a-z]+(?:,[a-z]+)*)=(.*)$/su.exec(text) ?? [];
  return words === undefined || uri === undefined ? { uri: text } : { uri, access: words.split(",") };
}

function environmentFrom({ env, envFrom, envFile, inheritEnv }: GrantFlags): EnvironmentInput | undefined {
  if ([env, envFrom, envFile, inheritEnv].every((one) => one === undefined)) return undefined;
  const fromFiles = [
    ...(envFile ?? []).flatMap(readNodeEnvFile),
    ...(envFrom ?? []).flatMap((file) => readEnvFile(file, "--env-from")),
  ];
  const fromFlags = (env ?? []).map((text) =>
    splitAssignment(text, "--env", `nothing is inherited; write --env ${text}=VALUE, or --inherit-env=${text}`),
  );
  const set = Object.fromEntries([...fromFiles, ...fromFlags]);
  if (inheritEnv === undefined) return { set };
  return inheritEnv.includes(EVERYTHING) ? { set, allow: "all" } : { set, allow: inheritEnv };
}

function resolutionFrom(text: string): number {
  return parseFineDuration(text, "--clock-resolution", [1, 1e15]);
}

function jitterFrom(text: string): number {
  return parseFineDuration(text, "--clock-jitter", [0, 1e15]);
}

/**
 * What `--deterministic` asks for.
 *
 * @throws CordonError `usage` for what is no seed.
 */
export function deterministicFromFlags({ deterministic }: GrantFlags): DeterministicInput | undefined {
  if (deterministic === undefined) return undefined;
  if (/^[0-9]{1,20}$/.test(deterministic) && BigInt(deterministic) < 2n ** 64n) return { seed: BigInt(deterministic) };
  const written = JSON.stringify(deterministic);
  throw new CordonError("usage", `Cannot read --deterministic=${written}: it takes a SEED from 0 to 2^64 - 1`);
}

function randomFrom(text: string): RandomInput {
  if (text === "none" || text === "pseudo" || text === "full") return text;
  const seed = /^pseudo:([0-9]{1,20})$/.exec(text)?.[1];
  if (seed !== undefined && BigInt(seed) < 2n ** 64n) return { seed: BigInt(seed) };
  const expected = "it takes none, pseudo, pseudo:SEED with a SEED from 0 to 2^64 - 1, or full";
  throw new CordonError("usage", `Cannot read --random=${JSON.stringify(text)}: ${expected}`);
}

function customFrom(grants: readonly string[]): CustomInput {
  return Object.fromEntries(
    grants.map((text) => {
      const [name, value] = splitAssignment(text, "--grant", "write --grant NAME=VALUE");
      return [name, customValue(value)];
    }),
  );
}

function customValue(text: string): CustomInput[string] {
  if (text === "true" || text === "false") return text === "true";
  const [, minimum, maximum] = /^(-?[0-9]+(?:\.[0-9]+)?)\.\.(-?[0-9]+(?:\.[0-9]+)?)$/.exec(text) ?? [];
  if (minimum !== undefined && maximum !== undefined) return { minimum: Number(minimum), maximum: Number(maximum) };
  const list = /^\[(.*)\]$/s.exec(text)?.[1];
  if (list === undefined) return text;
  return list === "" ? [] : list.split(",");
}
