import { isAbsolute, resolve } from "node:path";
import type { Decision } from "../../../policy/decision.ts";
import type { PathGrant } from "../../../policy/grants.ts";

/**
 * Whether a real path is granted: it is the root of a grant, or below one, segment by segment, and not among what the grant
 * leaves out. `real` must be absolute and normalised, with links resolved; anything else is denied.
 */
export function checkPath(grants: readonly PathGrant[], real: string): Decision {
  if (isAbsolute(real) && resolve(real) === real) {
    const grant = grants.find(({ root, except }) => covers(root, real) && !except.some((left) => covers(left, real)));
    if (grant !== undefined) return { allowed: true, rule: grant.written };
  }
  return { allowed: false, reason: "the path is outside what is granted" };
}

/** Whether `path` is `folder` or lies below it. Both are absolute and normalised. */
export function covers(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}
