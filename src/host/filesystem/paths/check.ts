import { isAbsolute, resolve } from "node:path";
import type { Decision } from "../../../policy/decision.ts";
import type { PathGrant } from "../../../policy/grants.ts";
import { EVERY_ACCESS } from "../../../policy/storage/access.ts";
import { ruleIndex } from "../../../policy/storage/rule-index.ts";
import { ruleProblem } from "./storage-scope.ts";

/**
 * Whether a real path is granted: it is the root of a grant, or below one, segment by segment, and not among what the grant
 * leaves out. `real` must be absolute and normalised, with links resolved; anything else is denied.
 *
 * @param access What rules about single files have to allow, as bits of `ACCESS`; left out, that anything below may be reached.
 */
export function checkPath(grants: readonly PathGrant[], real: string, access?: number): Decision {
  if (isAbsolute(real) && resolve(real) === real) {
    const grant = covering(grants, real).find((one) => rulesAllow(one, real, access));
    if (grant !== undefined) return { allowed: true, rule: grant.written };
  }
  return { allowed: false, reason: "the path is outside what is granted" };
}

/** Why rules refuse a path that a grant covers; `undefined` where none covers it. */
export function ruleRefusal(grants: readonly PathGrant[], real: string, access: number): string | undefined {
  const [rules] = covering(grants, real).flatMap((one) => one.rules ?? []);
  return rules === undefined ? undefined : ruleProblem(ruleIndex(rules), withSlashes(real), access);
}

/**
 * Whether anything may be done with what has a real path itself, and whether a link of that name may be followed: one that is denied by
 * its name leads nowhere. Where no rules hold, both.
 */
export function nameRights(
  grants: readonly PathGrant[],
  real: string,
): { readonly isReached: boolean; readonly isFollowed: boolean } {
  const all = covering(grants, real).map(({ rules }) =>
    rules === undefined ? { rights: EVERY_ACCESS, denied: 0 } : ruleIndex(rules).of(withSlashes(real)),
  );
  return {
    isReached: all.some(({ rights }) => rights !== 0),
    isFollowed: all.some(({ rights, denied }) => rights !== 0 || denied === 0),
  };
}

/** The size that a file may be made to pass by the rules, in bytes. */
export function maxFileBytesOf(grants: readonly PathGrant[], real: string): number {
  const bounds = covering(grants, real).map(({ rules }) =>
    rules === undefined ? Number.MAX_SAFE_INTEGER : ruleIndex(rules).of(withSlashes(real)).maxFileBytes,
  );
  return Math.max(0, ...bounds);
}

function covering(grants: readonly PathGrant[], real: string): readonly PathGrant[] {
  return grants.filter(({ root, except }) => covers(root, real) && !except.some((left) => covers(left, real)));
}

function rulesAllow({ rules }: PathGrant, real: string, access: number | undefined): boolean {
  if (rules === undefined) return true;
  const { rights, below } = ruleIndex(rules).of(withSlashes(real));
  return access === undefined ? (rights | below) !== 0 : (rights & access) === access;
}

function withSlashes(path: string): string {
  return process.platform === "win32" ? path.replaceAll("\\", "/") : path;
}

/** Whether `path` is `folder` or lies below it. Both are absolute and normalised. */
export function covers(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}
