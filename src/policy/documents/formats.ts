import { isIP } from "node:net";
import { isKeyName, KEY_NAME_RULE } from "../../shared/key-name.ts";
import { parseTarget } from "../network-pattern.ts";
import { parseNetworkRule } from "../network-rule.ts";
import { parseStorageUri } from "../storage/storage-uri.ts";
import { MAX_RATE, parseRate } from "../rate.ts";
import { shown } from "./fault.ts";

/** Why a text of a document is wrong, one line; `undefined` when it is right. */
export type Check = (text: string) => string | undefined;

export const storageUri: Check = (text) => {
  const parsed = parseStorageUri(text);
  return parsed.ok ? undefined : `${shown(text)} is no path: ${parsed.problem}`;
};

/** A folder that a rule opens: without wildcards. */
export const openedUri: Check = (text) => {
  const parsed = parseStorageUri(text);
  if (!parsed.ok) return `${shown(text)} is no path: ${parsed.problem}`;
  return parsed.uri.rest.length === 0 ? undefined : `${shown(text)} has a wildcard; name the one folder that is opened`;
};

export const rateText: Check = (text) =>
  parseRate(text) === undefined
    ? `${shown(text)} is no rate; write N per second or N per minute, with N from 0 to ${MAX_RATE}`
    : undefined;

export const auditFile: Check = (text) =>
  text === "" || text.includes("\0") || !text.isWellFormed() ? "it is no path of a file" : undefined;

/** A host as the reference's examples write it, taken apart. */
export interface HostText {
  readonly scheme: string | undefined;
  readonly host: string;
  readonly port: string | undefined;
}

/** Takes `[SCHEME://]HOST[:PORT][/]` apart; what HOST is, {@link networkHost} checks. */
export function splitHost(text: string): HostText {
  const [, scheme, rest = ""] = /^(?:([^/:]*):\/\/)?(.*)$/su.exec(text) ?? [];
  const bare = scheme === undefined ? rest : rest.replace(/\/$/u, "");
  const [, host = bare, port] = /^(\[[^\]]*\]|[^:[\]]*)(?::(.*))?$/su.exec(bare) ?? [];
  return { scheme, host, port };
}

export const networkHost: Check = (text) => {
  const { scheme, host, port } = splitHost(text);
  const parsed = parseNetworkRule(`${scheme === undefined ? "" : `${scheme}://`}${host}:${port ?? "1"}`, "allow");
  if (host.includes("/") || !parsed.ok) {
    const why = host.includes("/") ? "it has a path or is a block, which cidr is for" : parsed.ok ? "" : parsed.problem;
    return `${shown(text)} is no host: ${why}`;
  }
  return port === undefined || /^\d+$/u.test(port) ? undefined : `${shown(text)} is no host: its port is not a number`;
};

export const cidr: Check = (text) => {
  const parsed = parseTarget(isIP(text) === 6 ? `[${text}]` : text);
  if (parsed.ok && parsed.target.kind === "block") return undefined;
  const why = parsed.ok ? "it has no address" : parsed.problem;
  return `${shown(text)} is no block of addresses: ${why}; write ADDRESS/PREFIX, such as 10.0.0.0/8`;
};

export const environmentKey: Check = (text) => {
  if (text === "") return "the name of a variable is empty";
  if (text.includes("=")) return `${shown(text)} is no name of a variable: it has an equals sign`;
  if (text.includes("*")) return `${shown(text)} is no name of a variable: there are no wildcards; name each`;
  return text.includes("\0") ? `${shown(text)} is no name of a variable: it has a NUL character` : undefined;
};

/** `sha256:` and 64 hexadecimal digits. */
export const signerName: Check = (text) =>
  isKeyName(text) ? undefined : `${shown(text)} is no name of a key; it is ${KEY_NAME_RULE}`;

export const digest: Check = (text) =>
  /^sha256:[0-9a-f]{64}$/u.test(text) ? undefined : `${shown(text)} is no digest; write sha256: and 64 hex digits`;

export const version: Check = (text) =>
  /^1\.(?:0|[1-9]\d{0,4})$/u.test(text) ? undefined : `the version ${shown(text)} is not known; write "1.0"`;

/** The share of a processor in percent that `500m` stands for, a thousandth of one each; `undefined` for what is no such text. */
export function cpuPercent(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,6}(?:\.\d{1,3})?)(m?)$/u.exec(text) ?? [];
  return amount === undefined ? undefined : Number(amount) * (unit === "m" ? 0.1 : 100);
}

export const cpu: Check = (text) => {
  const percent = cpuPercent(text);
  if (percent === undefined) return `${shown(text)} is no share of a processor; write 500m for half of one, or 1`;
  return percent >= 1 ? undefined : `${shown(text)} is less than the least share, which is 10m`;
};

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** The bytes that `512Mi` stands for; `undefined` for what is no size. */
export function memoryBytes(text: string): number | undefined {
  const [, amount, unit = ""] = /^(\d{1,15})([A-Za-z]{0,2})$/u.exec(text) ?? [];
  const factor = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
  return amount === undefined || factor === undefined ? undefined : Number(amount) * factor;
}

/** The bounds of the limit on memory. */
const [LEAST_MEMORY, MOST_MEMORY] = [65_536, 2 ** 40];

export const memory: Check = (text) => {
  const bytes = memoryBytes(text);
  if (bytes === undefined) return `${shown(text)} is no size; write bytes, or a number with Ki, Mi, Gi, k, M or G`;
  return isMemory(bytes) ? undefined : `${shown(text)} is no size that memory can have: from 64 KiB to 1 TiB`;
};

/** Whether memory can have this size, in bytes. */
export function isMemory(bytes: number): boolean {
  return bytes >= LEAST_MEMORY && bytes <= MOST_MEMORY;
}
