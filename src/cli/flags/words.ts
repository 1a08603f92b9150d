import type { Limits } from "../../shared/limits/limits.ts";
import type { GrantSetting, Remedy, Words } from "../../shared/text/remedy.ts";
import { LIMIT_FLAGS } from "./limit-options.ts";
import { quantityText, type LimitKind } from "./limit-text.ts";

/** The flag that sets each grant which a message can name, with the value in its place. */
const FLAGS: Readonly<Record<GrantSetting, (value: string | undefined) => string>> = {
  "grants.filesystem.read": withValue("--allow-fs-read", "PATH"),
  "grants.filesystem.write": withValue("--allow-fs-write", "PATH"),
  "grants.filesystem.preopens": (value) => `--dir ${value ?? "HOST"}`,
  "grants.filesystem.create": () => "--allow-create",
  "grants.filesystem.delete": () => "--allow-delete",
  "grants.filesystem.maxFileBytes": () => "--max-file-size",
  "grants.network.hosts": withValue("--allow-network", "HOST"),
  "grants.network.allow": withValue("--allow-net", "[SCHEME://]HOST[:PORTS]"),
  "grants.listen": withValue("--allow-listen", "[SCHEME://]ADDRESS:PORTS"),
  "grants.lookup": withValue("--allow-dns", "NAME"),
  "grants.environment.set": (value) => `--env ${value ?? "NAME"}=VALUE`,
  "grants.stdin": () => "--stdin",
  "grants.process": withValue("--allow-process", "COMMAND"),
  "grants.random": (value) => `--random ${value ?? "full"}`,
  sharedMemory: () => "--allow-shared-memory",
  missingImports: () => "--trap-missing-imports",
};

/** How a value of each kind of limit is read, where that is not plain. */
const READ_AS: Readonly<Partial<Record<LimitKind, string>>> = {
  DURATION: "a bare number is in seconds",
  SIZE: "a bare number is in bytes",
  RATE: "a bare number is in bytes a second",
};

/** The words of the command line. */
export const CLI_WORDS: Words = {
  setting: ({ setting, value }: Remedy) =>
    isGrant(setting) ? FLAGS[setting](value) : LIMIT_FLAGS[setting.slice("limits.".length) as keyof Limits].flag,
  ownFunctions:
    "use hostFunctions of the library for functions of your own, of which the command line has none to give",
  limit: (name, value) => {
    const { flag, kind } = LIMIT_FLAGS[name];
    const unit = READ_AS[kind];
    const shown = quantityText(value, kind);
    return `${flag}, which is ${shown}${unit === undefined ? "" : ` (${unit})`}`;
  },
};

function withValue(flag: string, placeholder: string): (value: string | undefined) => string {
  return (value = placeholder) => `${flag}=${value}`;
}

function isGrant(setting: Remedy["setting"]): setting is GrantSetting {
  return Object.hasOwn(FLAGS, setting);
}
