import { isUtf8 } from "node:buffer";
import { dirname, join, resolve } from "node:path";
import type { PathGrant } from "../../../policy/grants.ts";
import { FileSystems } from "../../../shared/machine/file-systems.ts";
import { isProcessName } from "../../../policy/kernel-files.ts";
import { checkPath, covers, nameRights, ruleRefusal } from "./check.ts";
import { errnoOf, failed, failureReason } from "../failure.ts";
import { reachablePath } from "./reachable-path.ts";
import { nodeFiles } from "../../../shared/node-modules.ts";

const MAX_PATH_BYTES = 4_096;
const MAX_SEGMENT_BYTES = 255;
/** As many links as Linux follows. */
const MAX_LINKS = 40;

/** Where a guest's path leads. Every `real` path is inside a grant. */
export type Resolution =
  | { readonly kind: "found"; readonly real: string }
  /** The folder exists, the file in it does not. */
  | { readonly kind: "absent"; readonly real: string }
  | { readonly kind: "outside" }
  /** No grant covers what is there. */
  | { readonly kind: "refused"; readonly reason: string }
  /** `real`: what it failed at, where that may be reached itself. */
  | { readonly kind: "failed"; readonly reason: string; readonly real?: string };

const PROCESS = "it is a process of the host, which no grant covers";

/** Why no file can have this path, or `undefined` when one could. Decided by the text alone. */
export function pathProblem(path: string): string | undefined {
  if (path === "") return "the path is empty";
  if (path.length > MAX_PATH_BYTES || Buffer.byteLength(path) > MAX_PATH_BYTES) {
    return `the path is longer than ${MAX_PATH_BYTES} bytes`;
  }
  if (path.includes("\0")) return "the path has a NUL character";
  if (!path.isWellFormed()) return "the path is not valid Unicode text";
  if (path.split("/").some((segment) => Buffer.byteLength(segment) > MAX_SEGMENT_BYTES)) {
    return `a name in the path is longer than ${MAX_SEGMENT_BYTES} bytes`;
  }
  return undefined;
}

/**
 * Finds the real path that a guest means, links resolved. A relative path starts at `cwd`; `.` and `..` in the guest's path are
 * taken out of the text first, as `path.resolve` does, while those in a link's target follow the links before them.
 *
 * The walk touches nothing outside the grants: a step that leaves them ends it at once, whether or not anything is there, so
 * that no answer, success included, depends on files that are not granted. `path` must have no {@link pathProblem}.
 *
 * @param access What rules about single files have to allow, as bits of `ACCESS`, for a file that is there, and for one that is not.
 */
export async function resolvePath(
  grants: readonly PathGrant[],
  cwd: string,
  path: string,
  access?: { readonly found: number; readonly absent: number },
): Promise<Resolution> {
  const pending = segmentsToWalk(throughNamedLinks(grants, resolve(cwd, path)));
  // A path that ends in a slash or a dot can only be a folder; the extra step makes a file there an error.
  if (/(?:^|\/)\.{0,2}$/u.test(path)) pending.unshift(".");

  let current = "/";
  let links = 0;
  for (let segment = pending.pop(); segment !== undefined; segment = pending.pop()) {
    if (segment === "" || segment === ".") continue;
    if (segment === "..") {
      current = dirname(current);
      continue;
    }
    const next = join(current, segment);
    if (!checkPath(grants, next).allowed) {
      // The folders above a granted root are real by construction and need no check.
      if (!grants.some(({ root }) => covers(next, root))) return outside(grants, next, access?.found);
      current = next;
      continue;
    }
    if (isProcessName(segment) && (await isInProc(current))) return { kind: "refused", reason: PROCESS };
    const step = await look(next);
    if (step.kind === "link") {
      if (!nameRights(grants, next).isFollowed) return outside(grants, next, access?.found);
      links += 1;
      if (links > MAX_LINKS) return failed("too many symbolic links");
      if (step.target.startsWith("/")) current = "/";
      pending.push(...segmentsToWalk(step.target));
      continue;
    }
    if (step.kind === "absent" && pending.length === 0) {
      const isGranted = checkPath(grants, next, access?.absent).allowed;
      return isGranted ? { kind: "absent", real: next } : outside(grants, next, access?.absent);
    }
    const failure = failureOf(step, pending.length > 0);
    // What only leads on is refused when it does not, so that no failure tells whether it is there.
    if (failure !== undefined)
      return nameRights(grants, next).isReached ? { ...failure, real: next } : outside(grants, next, access?.found);
    current = next;
  }
  const isGranted = checkPath(grants, current, access?.found).allowed;
  return isGranted ? { kind: "found", real: current } : outside(grants, current, access?.found);
}

function outside(grants: readonly PathGrant[], real: string, access: number | undefined): Resolution {
  const reason = access === undefined ? undefined : ruleRefusal(grants, real, access);
  return reason === undefined ? { kind: "outside" } : { kind: "refused", reason };
}

/** Examined for names of processes only, so that no failure reveals which there are. */
async function isInProc(folder: string): Promise<boolean> {
  try {
    const { dev } = await nodeFiles().lstat(folder);
    return new FileSystems().of(dev, () => folder) === "processes";
  } catch {
    return false;
  }
}

/** Segments in the order they are popped. */
function segmentsToWalk(path: string): string[] {
  return path.split("/").reverse();
}

/** Replaces a granted link at the start of the path, as the operator named it, by the folder it stood for at the time. */
function throughNamedLinks(grants: readonly PathGrant[], absolute: string): string {
  let named: PathGrant | undefined;
  for (const grant of grants) {
    if (covers(grant.path, absolute) && grant.path.length > (named?.path.length ?? 0)) named = grant;
  }
  return named === undefined ? absolute : join(named.root, absolute.slice(named.path.length));
}

type Step =
  | { readonly kind: "folder" | "file" | "absent" }
  | { readonly kind: "link"; readonly target: string }
  | { readonly kind: "failed"; readonly reason: string };

/** Why the walk ends at a step, if it does. */
function failureOf(step: Step, leadsOn: boolean): Extract<Resolution, { readonly kind: "failed" }> | undefined {
  if (step.kind === "failed") return step;
  if (step.kind === "absent") return { kind: "failed", reason: "no such file or folder" };
  return step.kind === "file" && leadsOn ? { kind: "failed", reason: "a part of the path is not a folder" } : undefined;
}

async function look(path: string): Promise<Step> {
  try {
    const reached = reachablePath(path);
    const info = await nodeFiles().lstat(reached);
    if (!info.isSymbolicLink()) return { kind: info.isDirectory() ? "folder" : "file" };
    const target = await nodeFiles().readlink(reached, "buffer");
    return isUtf8(target)
      ? { kind: "link", target: target.toString("utf8") }
      : failed("a symbolic link's target is not valid UTF-8");
  } catch (error) {
    return errnoOf(error) === "ENOENT" ? { kind: "absent" } : failed(failureReason(error));
  }
}
