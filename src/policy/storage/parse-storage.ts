import { nodeCrypto } from "../../shared/node-modules.ts";
import { dirname, resolve, sep } from "node:path";
import type { PathGrant, Preopen } from "../grants.ts";
import { fileBytes } from "../parsing/parse-file-rules.ts";
import { describe, items, type Problems, quote, section, strings } from "../problems.ts";
import { isKind, isWithin, kernelProblem, realPath, realPathOfWhatExists, seenAt } from "../real-path.ts";
import { ACCESS, ACCESS_WORDS, accessOf, EVERY_ACCESS, WRITE_ACCESS } from "./access.ts";
import type { StorageRule, StorageRules } from "./storage-rules.ts";
import { parseStorageUri, type PatternSegment, type StorageUri, type StorageUriParse } from "./storage-uri.ts";

/** A rule of which files may be reached, by a pattern of their paths; see docs/policy.md. */
export interface StorageRuleInput {
  /** `fs:///PATH`, or `fs://PATH` for one that starts at {@link from}; `*` is any part of one name, `**` any number of names. */
  readonly uri: string;
  /** `read`, `modify`, `create`, `delete`, or `write` for the last three; default, for a denial alone: all. */
  readonly access?: readonly string[];
  /** The name under which a WASI guest finds the folder opened; default its own path. Not for a denial. */
  readonly guest?: string;
  /**
   * The folder that a WASI guest finds opened, without wildcards, which {@link uri} begins with; default the URI up to its first wildcard,
   * or the folder of a file. Not for a denial.
   */
  readonly opens?: string;
  /** The size no file may be made to pass, in bytes; default: no bound. Not for a denial. */
  readonly maxFileBytes?: number;
  /** Why; told with a denial, and in its event. */
  readonly reason?: string;
  /** Where a relative URI starts; default the base's `cwd`. */
  readonly from?: string;
}

/** Where storage rules are read. */
interface Surroundings {
  readonly cwd: string;
  /** Real paths that may not be written, whatever is granted. */
  readonly except: readonly string[];
  /** Paths of Cordon's own state that nothing grants, each with all below. */
  readonly ownPaths: readonly string[];
}

/** What storage rules grant. */
export interface StorageGrant {
  readonly allow: readonly StorageRule[];
  readonly deny: readonly StorageRule[];
  readonly deniedPaths: StorageRules["deniedPaths"];
  /** Folders that the rules open, without their rules. */
  readonly preopens: readonly Preopen[];
  readonly read: readonly PathGrant[];
  readonly write: readonly PathGrant[];
}

const KEYS = ["uri", "access", "guest", "opens", "maxFileBytes", "reason", "from"];

/** How a path of Cordon's own is denied. */
const OWN = {
  uri: { absolute: true, base: [], rest: [] } as StorageUri,
  access: EVERY_ACCESS,
  maxFileBytes: undefined,
  reason: "Cordon keeps state of its own there, which no grant covers",
} as const;

interface ReadRule {
  readonly uri: StorageUri;
  readonly written: string;
  readonly access: number;
  readonly guest: string | undefined;
  readonly opens: StorageUri | undefined;
  readonly maxFileBytes: number | undefined;
  readonly reason: string | undefined;
  readonly from: string;
}

/** Reads `allow` and `deny` of `filesystem`; what is wrong goes to `problems`. */
export function parseStorage(
  filesystem: Readonly<Record<string, unknown>>,
  around: Surroundings,
  problems: Problems,
): StorageGrant {
  const allow = readRules(filesystem["allow"], "allow", around.cwd, problems);
  const deny = readRules(filesystem["deny"], "deny", around.cwd, problems);
  const opened = new Map<string, Preopen>();
  const [read, write]: [PathGrant[], PathGrant[]] = [[], []];
  const rules: StorageRule[] = [];
  for (const rule of allow) {
    const named = literalPath(rule);
    const real = realPathOfWhatExists(named);
    rules.push(ruleOf(rule, real));
    const writes = (rule.access & WRITE_ACCESS) !== 0;
    const problem = typeof realPath(named) === "string" ? kernelProblem(real, writes) : undefined;
    if (problem !== undefined) problems.push(`Cannot grant ${quote(rule.written)}: ${problem}; name another folder`);
    const grant = { root: real, path: named, written: rule.written };
    if ((rule.access & ACCESS.read) !== 0) read.push(Object.freeze({ ...grant, except: Object.freeze([]) }));
    if (writes) write.push(Object.freeze({ ...grant, except: around.except }));
    openFolder(rule, named, opened, around, problems);
  }
  const denials = deny.map((rule) => ({ rule, named: literalPath(rule) }));
  const own = around.ownPaths.map((path) => ({ rule: { ...OWN, written: path }, named: resolve(around.cwd, path) }));
  const every = [...denials, ...own];
  return {
    allow: rules,
    deny: every.flatMap(({ rule, named }) =>
      [...new Set([named, realPathOfWhatExists(named)])].map((path) => ruleOf(rule, path)),
    ),
    deniedPaths: every
      .filter(({ rule }) => rule.uri.rest.length === 0)
      .map(({ rule, named }) =>
        Object.freeze({ path: named, access: rule.access, written: rule.written, seen: seenAt(named) }),
      ),
    preopens: [...opened.values()],
    read,
    write,
  };
}

/** Rules with the number by which what is made of them is kept. */
export function storageRules(parts: Omit<StorageRules, "id">): StorageRules {
  const id = nodeCrypto().createHash("sha256").update(JSON.stringify(parts)).digest("base64url");
  return Object.freeze({ ...parts, id });
}

function readRules(value: unknown, use: "allow" | "deny", cwd: string, problems: Problems): readonly ReadRule[] {
  return items(value, `filesystem.${use}`, "a list of rules", problems).flatMap((item, index) => {
    const name = `filesystem.${use}[${index}]`;
    const given = typeof item === "string" && use === "deny" ? { uri: item } : section(item, name, KEYS, problems);
    const { uri: written, guest, opens, maxFileBytes, reason, from } = given;
    if (typeof written !== "string") {
      problems.push(`Cannot read ${name}.uri: expected a string, found ${describe(written)}`);
      return [];
    }
    const parsed = parseStorageUri(written);
    if (!parsed.ok) problems.push(`Cannot read ${name}.uri ${quote(written)}: ${parsed.problem}`);
    const text = (value: unknown, key: string): string | undefined => {
      if (value === undefined) return undefined;
      if (typeof value === "string" && value !== "" && value.isWellFormed() && !value.includes("\0")) return value;
      problems.push(`Cannot read ${name}.${key}: expected a text without NUL, found ${describe(value)}`);
      return undefined;
    };
    if (use === "deny" && (guest !== undefined || opens !== undefined || maxFileBytes !== undefined)) {
      problems.push(`Cannot read ${name}: a denial has neither guest, opens nor maxFileBytes`);
    }
    const opened = readOpened(text(opens, "opens"), parsed, `${name}.opens`, problems);
    const bound = maxFileBytes === undefined ? undefined : fileBytes(maxFileBytes, `${name}.maxFileBytes`, 0, problems);
    const access = readAccess(given["access"], `${name}.access`, use, problems);
    const rule = {
      written,
      guest: text(guest, "guest"),
      reason: text(reason, "reason"),
      opens: opened,
      access,
      maxFileBytes: bound,
    };
    const start = resolve(cwd, text(from, "from") ?? ".");
    return parsed.ok ? [{ ...rule, uri: parsed.uri, from: start }] : [];
  });
}

/** The folder that a rule opens, if it is a beginning of the rule's own path. */
function readOpened(
  written: string | undefined,
  rule: StorageUriParse,
  name: string,
  problems: Problems,
): StorageUri | undefined {
  if (written === undefined || !rule.ok) return undefined;
  const parsed = parseStorageUri(written);
  const { uri } = rule;
  if (!parsed.ok) problems.push(`Cannot read ${name} ${quote(written)}: ${parsed.problem}`);
  else if (parsed.uri.rest.length > 0) problems.push(`Cannot read ${name} ${quote(written)}: it has a wildcard`);
  else if (parsed.uri.absolute === uri.absolute && parsed.uri.base.every((one, index) => uri.base[index] === one)) {
    return parsed.uri;
  } else problems.push(`Cannot read ${name} ${quote(written)}: the rule's uri does not begin with it`);
  return undefined;
}

function readAccess(value: unknown, name: string, use: "allow" | "deny", problems: Problems): number {
  const words = strings(value, name, problems);
  if (value === undefined && use === "deny") return EVERY_ACCESS;
  let access = 0;
  for (const word of words) {
    const bits = accessOf(word);
    if (bits === undefined) {
      problems.push(`Cannot read ${name}: ${quote(word)} is no access; there are ${ACCESS_WORDS.join(", ")}`);
    }
    access |= bits ?? 0;
  }
  if (access === 0) problems.push(`Cannot read ${name}: it names no access; write any of ${ACCESS_WORDS.join(", ")}`);
  return access;
}

/** The path up to the first wildcard, links not resolved. */
function literalPath({ uri, from }: Pick<ReadRule, "uri" | "from">): string {
  if (!uri.absolute) return resolve(from, ...uri.base);
  return process.platform === "win32" ? resolve(uri.base.join(sep) + sep) : `/${uri.base.join("/")}`;
}

/**
 * Opens the folder of a rule: its path up to the first wildcard, or the folder of a file that it names. What is not there is not
 * opened: the rule holds for when it is.
 */
function openFolder(
  { uri, access, guest, opens, from, written }: ReadRule,
  named: string,
  opened: Map<string, Preopen>,
  { except }: Surroundings,
  problems: Problems,
): void {
  const isFolder = isKind(named, "folder");
  if (opens === undefined && !isFolder && (uri.rest.length > 0 || guest !== undefined)) return;
  const path = opens !== undefined ? literalPath({ uri: opens, from }) : isFolder ? named : dirname(named);
  const root = realPath(path);
  if (typeof root !== "string" || !isKind(root, "folder")) return;
  const name = guest ?? path;
  const known = opened.get(name);
  if (known !== undefined && known.root !== root) {
    problems.push(
      `Cannot open ${quote(written)} for the guest: it has a folder named ${quote(name)} already; give it another name with guest`,
    );
    return;
  }
  const preopen: Preopen = {
    guest: name,
    root,
    write: (access & WRITE_ACCESS) !== 0 || known?.write === true,
    create: (access & ACCESS.create) !== 0 || known?.create === true,
    delete: (access & ACCESS.delete) !== 0 || known?.delete === true,
    maxFileBytes: Number.MAX_SAFE_INTEGER,
    except: Object.freeze(except.filter((folder) => isWithin(folder, root))),
    written,
  };
  opened.set(name, Object.freeze(preopen));
}

function ruleOf(
  { uri, access, maxFileBytes, reason, written }: Omit<ReadRule, "guest" | "opens" | "from">,
  base: string,
): StorageRule {
  const names = base.split(sep).filter((name) => name !== "");
  const literals = names.map((text): PatternSegment => ({ kind: "literal", text }));
  const rest: readonly PatternSegment[] = uri.rest.length === 0 ? [{ kind: "any" }] : uri.rest;
  return Object.freeze({ pattern: Object.freeze([...literals, ...rest]), access, maxFileBytes, reason, written });
}
