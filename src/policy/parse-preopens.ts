import { resolve } from "node:path";
import type { Preopen } from "./grants.ts";
import { parsePreopenText } from "./preopen-text.ts";
import { describe, flag, items, type Problems, quote, section } from "./problems.ts";
import { isKind, isWithin, realPath } from "./real-path.ts";

/** A host folder that a WASI guest finds opened. */
export interface PreopenInput {
  /** The folder on the host. A relative path starts at the base's `cwd`. */
  readonly host: string;
  /** The name the guest sees; default: `host` as written. */
  readonly guest?: string;
  /** Whether files may be written and metadata changed; default `false`. */
  readonly write?: boolean;
  /** Whether files, folders and links may be made; default: that of `filesystem`. */
  readonly create?: boolean;
  /** Whether they may be removed, and renamed away; default: that of `filesystem`. */
  readonly delete?: boolean;
  /** The size no file may be made to pass, in bytes; default: that of `filesystem`. */
  readonly maxFileBytes?: number;
}

/** What holds for every folder that does not say otherwise. */
export interface PreopenDefaultsInput {
  /** Whether files, folders and links may be made in the folders that may be written; default `false`. */
  readonly create?: boolean;
  /** Whether they may be removed, and renamed away; default `false`. */
  readonly delete?: boolean;
  /** The size no file may be made to pass, in bytes; default: none beside the limit of bytes written. */
  readonly maxFileBytes?: number;
}

interface Defaults {
  readonly create: boolean;
  readonly delete: boolean;
  readonly maxFileBytes: number;
}

const KEYS = ["host", "guest", "write", "create", "delete", "maxFileBytes"];

/**
 * Reads `filesystem.preopens` with what `filesystem` sets for all of them; what is wrong goes to `problems`.
 *
 * @param except real paths that may not be written, whatever is granted
 */
export function parsePreopens(
  filesystem: Readonly<Record<string, unknown>>,
  cwd: string,
  except: readonly string[],
  problems: Problems,
): readonly Preopen[] {
  const defaults: Defaults = {
    create: flag(filesystem["create"], "filesystem.create", false, problems),
    delete: flag(filesystem["delete"], "filesystem.delete", false, problems),
    maxFileBytes: fileBytes(filesystem["maxFileBytes"], "filesystem.maxFileBytes", Number.MAX_SAFE_INTEGER, problems),
  };
  const found: Preopen[] = [];
  for (const [index, item] of items(filesystem["preopens"], "filesystem.preopens", "a list", problems).entries()) {
    const preopen = parsePreopen(item, `filesystem.preopens[${index}]`, { cwd, except, defaults }, problems);
    if (preopen === undefined) continue;
    if (found.some(({ guest }) => guest === preopen.guest)) {
      problems.push(
        `Cannot open ${quote(preopen.written)} for the guest: it has a folder named ${quote(preopen.guest)} already; give it another name, as in HOST::NAME`,
      );
    }
    found.push(preopen);
  }
  for (const right of ["create", "delete"] as const) {
    if (!defaults[right] || found.some(({ write }) => write)) continue;
    const verb = right === "create" ? "make" : "remove";
    problems.push(`Cannot let the guest ${verb} files: no folder is opened for writing; open one with --dir HOST:rw`);
  }
  return Object.freeze(found);
}

interface Surroundings {
  readonly cwd: string;
  readonly except: readonly string[];
  readonly defaults: Defaults;
}

function parsePreopen(item: unknown, name: string, around: Surroundings, problems: Problems): Preopen | undefined {
  const isText = typeof item === "string";
  const input: Readonly<Record<string, unknown>> = isText
    ? { ...parsePreopenText(item) }
    : section(item, name, KEYS, problems);
  const { host } = input;
  if (typeof host !== "string") {
    problems.push(`Cannot read ${name}.host: expected a string, found ${describe(host)}`);
    return undefined;
  }
  const guest = input["guest"] ?? host;
  const write = flag(input["write"], `${name}.write`, false, problems);
  const right = (key: "create" | "delete"): boolean => {
    if (input[key] === true && !write) {
      problems.push(`Cannot read ${name}.${key}: it needs write: true as well`);
    }
    return flag(input[key], `${name}.${key}`, write && around.defaults[key], problems) && write;
  };
  const rights = { create: right("create"), delete: right("delete") };
  const maxFileBytes = fileBytes(input["maxFileBytes"], `${name}.maxFileBytes`, around.defaults.maxFileBytes, problems);
  const written = isText ? item : host;
  if (!isGuestName(guest)) {
    problems.push(`Cannot open ${quote(written)} for the guest: ${problemOfGuest(guest)}; write HOST::GUEST`);
    return undefined;
  }
  const root = rootOf(host, around.cwd);
  if (typeof root !== "string") {
    problems.push(`Cannot open ${quote(written)} for the guest: ${root.problem}; name a folder that exists`);
    return undefined;
  }
  if (write && around.except.some((folder) => isWithin(root, folder))) {
    problems.push(`Cannot open ${quote(written)} for writing: Cordon keeps code there that it will run; open another`);
    return undefined;
  }
  const except = Object.freeze(around.except.filter((folder) => isWithin(folder, root)));
  return Object.freeze({ guest, root, write, ...rights, maxFileBytes, except, written });
}

function isGuestName(guest: unknown): guest is string {
  return typeof guest === "string" && guest !== "" && !guest.includes("\0") && guest.isWellFormed();
}

function problemOfGuest(guest: unknown): string {
  if (typeof guest !== "string") return `the guest's name for it is no text but ${describe(guest)}`;
  if (guest === "") return "the guest's name for it is empty";
  return `the guest's name for it ${guest.includes("\0") ? "has a NUL character" : "is not valid Unicode"}`;
}

function rootOf(host: string, cwd: string): string | { readonly problem: string } {
  if (host === "") return { problem: "the path is empty" };
  const root = realPath(resolve(cwd, host));
  if (typeof root !== "string") return root;
  return isKind(root, "folder") ? root : { problem: "it is not a folder" };
}

function fileBytes(value: unknown, name: string, byDefault: number, problems: Problems): number {
  if (value === undefined) return byDefault;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  const found = typeof value === "number" ? String(value) : describe(value);
  problems.push(`Cannot read ${name}: expected a whole number of bytes from 0, found ${found}`);
  return 0;
}
