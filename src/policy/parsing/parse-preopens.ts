import { resolve } from "node:path";
import type { Preopen } from "../grants.ts";
import { fileBytes, type FileRules } from "./parse-file-rules.ts";
import { parsePreopenText } from "./preopen-text.ts";
import { describe, flag, items, type Problems, quote, section } from "../problems.ts";
import { isKind, isWithin, kernelProblem, realPath } from "../real-path.ts";

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

/** What holds for every folder that may be written and does not say otherwise. */
export interface PreopenDefaultsInput {
  /** Whether files, folders and links may be made; default `false` in `preopens`, and `true` below the paths of `write`. */
  readonly create?: boolean;
  /** Whether they may be removed, and renamed away, which through the paths of `write` they never may; default `false`. */
  readonly delete?: boolean;
  /** The size no file may be made to pass, in bytes; default: none beside the limit of bytes written. */
  readonly maxFileBytes?: number;
}

const KEYS = ["host", "guest", "write", "create", "delete", "maxFileBytes"];

/** What an opened folder's meaning depends on. */
interface Surroundings {
  /** Where relative paths start. */
  readonly cwd: string;
  /** Real paths that may not be written, whatever is granted. */
  readonly except: readonly string[];
  /** Real paths that may not be opened, whatever is granted. */
  readonly hidden: readonly string[];
  /** What `filesystem` sets for all of them. */
  readonly rules: FileRules;
}

/**
 * Reads `filesystem.preopens`; what is wrong goes to `problems`.
 */
export function parsePreopens(value: unknown, surroundings: Surroundings, problems: Problems): readonly Preopen[] {
  const found: Preopen[] = [];
  for (const [index, item] of items(value, "filesystem.preopens", "a list", problems).entries()) {
    const preopen = parsePreopen(item, `filesystem.preopens[${index}]`, surroundings, problems);
    if (preopen === undefined) continue;
    if (found.some(({ guest }) => guest === preopen.guest)) {
      problems.push(
        `Cannot open ${quote(preopen.written)} for the guest: it has a folder named ${quote(preopen.guest)} already; give it another name, as in HOST::NAME`,
      );
    }
    found.push(preopen);
  }
  return Object.freeze(found);
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
    return flag(input[key], `${name}.${key}`, write && around.rules[key] === true, problems) && write;
  };
  const rights = { create: right("create"), delete: right("delete") };
  const maxFileBytes = fileBytes(input["maxFileBytes"], `${name}.maxFileBytes`, around.rules.maxFileBytes, problems);
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
  const refused = kernelProblem(root, write);
  if (refused !== undefined) {
    problems.push(
      `Cannot open ${quote(written)} for ${write ? "writing" : "the guest"}: ${refused}; open another folder`,
    );
    return undefined;
  }
  if (around.hidden.some((folder) => isWithin(root, folder))) {
    problems.push(`Cannot open ${quote(written)} for the guest: Cordon keeps keys and secrets there; open another`);
    return undefined;
  }
  if (write && around.except.some((folder) => isWithin(root, folder))) {
    problems.push(`Cannot open ${quote(written)} for writing: Cordon keeps code there that it will run; open another`);
    return undefined;
  }
  const except = Object.freeze(around.except.filter((folder) => isWithin(folder, root)));
  const hidden = around.hidden.filter((folder) => isWithin(folder, root));
  const closed = hidden.length === 0 ? {} : { hidden: Object.freeze(hidden) };
  return Object.freeze({ guest, root, write, ...rights, maxFileBytes, except, ...closed, written });
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
