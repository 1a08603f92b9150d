import { lstatSync, type Stats } from "node:fs";
import { posix } from "node:path";
import type { StorageEntry } from "../../../policy/documents/policy-shape.ts";
import type { Grants } from "../../../policy/grants.ts";
import { isWithin } from "../../../policy/real-path.ts";
import { ACCESS, accessText, CONTENT_ACCESS, WRITE_ACCESS } from "../../../policy/storage/access.ts";
import { ruleIndex } from "../../../policy/storage/rule-index.ts";
import type { Use } from "../../../shared/use.ts";

/** One rule that is made: what it covers from a path on, and what for. */
interface Made {
  readonly path: string;
  /** `tree`: the path and all below; `children`: each name in it; `prefix`: every name that begins so, which a link is found by. */
  readonly covers: "tree" | "children" | "prefix";
  access: number;
}

type FileUse = Extract<Use, { readonly kind: "file" }>;

/** The rules of storage that cover these uses of files, and no more than rules can say. */
export function learnFiles(uses: readonly Use[], grants: Grants): readonly StorageEntry[] {
  const files = uses.filter((use): use is FileUse => use.kind === "file");
  const needed = collapsed(accesses(uses, files), uses);
  const rules = withoutCovered(needed);
  for (const { path } of files.filter(({ need }) => need === "list")) {
    if (!rules.some((rule) => isReadNear(rule, path))) rules.push({ path, covers: "children", access: ACCESS.read });
  }
  for (const { path, need } of files.filter((use) => use.need === "reach" || use.need === "name")) {
    if (rules.some((rule) => covers(rule, path) || (need === "reach" && isBelow(rule.path, path)))) continue;
    rules.push(reaching(path));
  }
  const opened = files.some(({ surface }) => surface === "preopen");
  return withoutListed(rules)
    .toSorted((one, other) => (one.path < other.path ? -1 : 1))
    .map((rule) => entryOf(rule, grants, opened));
}

/** What each path has to be allowed for. What is moved may be read and modified under no more than its old name was. */
function accesses(uses: readonly Use[], files: readonly FileUse[]): Map<string, number> {
  const found = new Map<string, number>();
  const add = (path: string, access: number): void => void found.set(path, (found.get(path) ?? 0) | access);
  for (const { path, access, need } of files) if (need === "all") add(path, access);
  const moves = uses.filter((use) => use.kind === "move");
  for (let isChanged = true; isChanged;) {
    isChanged = false;
    for (const { from, to } of moves) {
      const missing = (found.get(to) ?? 0) & CONTENT_ACCESS & ~(found.get(from) ?? 0);
      if (missing !== 0) add(from, missing);
      isChanged ||= missing !== 0;
    }
  }
  return found;
}

/** Where a name is removed or moved, no rule may lead through it: what is below it is allowed by a rule for all of it. */
function collapsed(needed: Map<string, number>, uses: readonly Use[]): Map<string, number> {
  const whole = new Set<string>();
  for (const use of uses) {
    if (use.kind === "replace") whole.add(use.path);
    // The same rules hold below both names where one covers both.
    else if (use.kind === "move" && use.isFolder) whole.add(commonFolder(use.from, use.to));
  }
  for (const top of whole) {
    const below = [...needed].filter(([path]) => isBelow(path, top));
    const isMoved = uses.some((use) => use.kind === "move" && use.isFolder && commonFolder(use.from, use.to) === top);
    if (below.length === 0 && !isMoved) continue;
    for (const [path, access] of below) {
      needed.delete(path);
      needed.set(top, (needed.get(top) ?? 0) | access);
    }
  }
  return needed;
}

function commonFolder(one: string, other: string): string {
  let folder = posix.dirname(one);
  while (folder !== "/" && !isBelow(other, folder)) folder = posix.dirname(folder);
  return folder;
}

/** Each path with what no folder above it allows already. */
function withoutCovered(needed: ReadonlyMap<string, number>): Made[] {
  const rules: Made[] = [];
  for (const [path, access] of [...needed].toSorted(([one], [other]) => one.length - other.length)) {
    let left = access;
    for (let above = path; above !== "/" && left !== 0;) {
      above = posix.dirname(above);
      left &= ~(needed.get(above) ?? 0);
    }
    if (left !== 0) rules.push({ path, covers: "tree", access: left });
  }
  return rules;
}

/** Names in a folder that may all be read need no rule of their own to be read. */
function withoutListed(rules: readonly Made[]): readonly Made[] {
  const listed = new Set(rules.filter((rule) => rule.covers === "children").map(({ path }) => path));
  return rules.flatMap((rule) => {
    if (rule.covers === "children" || !listed.has(posix.dirname(rule.path)) || isFolder(rule.path)) return [rule];
    const access = rule.access & ~ACCESS.read;
    return access === 0 ? [] : [{ ...rule, access }];
  });
}

function isReadNear(rule: Made, path: string): boolean {
  return (rule.access & ACCESS.read) !== 0 && (covers(rule, path) || isBelow(rule.path, path));
}

function covers({ path: of, covers: how }: Made, path: string): boolean {
  if (how === "tree") return path === of || isBelow(path, of);
  return how === "children"
    ? posix.dirname(path) === of
    : path.startsWith(of) && posix.dirname(path) === posix.dirname(of);
}

function isBelow(path: string, folder: string): boolean {
  return path !== folder && path.startsWith(folder === "/" ? "/" : `${folder}/`);
}

/** The least rule by which a path may be reached that nothing is done with. */
function reaching(path: string): Made {
  const stats = statsOf(path);
  // The links of a rule's literal path are resolved, so that a link itself is found by a wildcard.
  if (stats?.isSymbolicLink() === true) return { path, covers: "prefix", access: ACCESS.read };
  return { path, covers: stats?.isDirectory() === true ? "children" : "tree", access: ACCESS.read };
}

function entryOf({ path, covers: how, access }: Made, { preopens }: Grants, opened: boolean): StorageEntry {
  const uri = uriOf(path);
  const written = how === "tree" ? uri : how === "prefix" ? `${uri}*` : `${path === "/" ? "fs:///" : `${uri}/`}*`;
  const [preopen] = preopens
    .filter(({ root }) => isWithin(path, root))
    .toSorted((one, other) => other.root.length - one.root.length);
  const entry = { uri: written, access: accessText(access).split(", ") };
  if (preopen === undefined || !opened) return entry;
  const bound = preopen.rules === undefined ? preopen.maxFileBytes : ruleIndex(preopen.rules).of(path).maxFileBytes;
  const isBounded = bound < Number.MAX_SAFE_INTEGER && (access & WRITE_ACCESS) !== 0;
  const isNamed = preopen.guest !== preopen.root;
  return {
    ...entry,
    ...(isNamed || opensAlone(path, how) !== preopen.root ? { opens: uriOf(preopen.root) } : {}),
    ...(isNamed ? { guest: preopen.guest } : {}),
    ...(isBounded ? { maxFileBytes: bound } : {}),
  };
}

/** The folder that a rule opens which says nothing of it; `undefined` where that is not the same at every run. */
function opensAlone(path: string, how: Made["covers"]): string | undefined {
  if (how === "children") return path;
  if (how === "prefix") return posix.dirname(path);
  const stats = statsOf(path);
  if (stats === undefined) return undefined;
  return stats.isDirectory() ? path : posix.dirname(path);
}

/** A real path as a URI: only these are not themselves in one. */
function uriOf(path: string): string {
  return `fs://${path.replaceAll(/[%*]/gu, (sign) => (sign === "%" ? "%25" : "%2A"))}`;
}

function isFolder(path: string): boolean {
  return statsOf(path)?.isDirectory() === true;
}

function statsOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}
