import { constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { FileSystems } from "../../../shared/machine/file-systems.ts";
import { errnoOf, failed, failureReason } from "../failure.ts";
import { accessOf, type FileAccess, type FileRequest, type FileTarget, type OpenAttempt } from "./file-request.ts";
import { kernelProblem } from "./kernel-problem.ts";
import { fileKindProblem } from "./regular-file.ts";
import { resolvePath } from "../paths/resolve.ts";
import { nodeFiles } from "../../../shared/node-modules.ts";

const { O_CREAT, O_EXCL, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/** What a system call says when the path it was given has changed since it was resolved. */
const CHANGED: ReadonlySet<string | undefined> = new Set(["ENOENT", "ENOTDIR", "ELOOP", "EEXIST", "EMLINK"]);

/**
 * Opens a target by its path, then resolves the path again and compares: what was opened must be the file that is inside the
 * grants now. For systems without Linux's `/proc/self/fd`. No byte is read or written before the comparison.
 *
 * Weaker than holding the folder, against other processes of the host that may rename in the granted folders: the comparison
 * is by path too, so one that swaps a folder for a link and back in a loop can win against it, to read or to write; and a new,
 * empty file can appear outside the grants. Guests cannot rename or link, so they cannot do this alone. Also, a device is
 * opened before it is refused.
 */
export async function openByIdentity(
  request: FileRequest,
  target: FileTarget,
  access: FileAccess,
): Promise<OpenAttempt> {
  const create = target.exists ? 0 : O_CREAT | O_EXCL;
  const flags = (access === "read" ? O_RDONLY : O_WRONLY) | create | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  let handle: FileHandle | undefined;
  try {
    handle = await nodeFiles().open(target.real, flags, 0o666);
    const verdict = await verify(request, handle, access, !target.exists);
    if (verdict.kind === "done") handle = undefined;
    return verdict;
  } catch (error) {
    const code = errnoOf(error);
    // A pipe without a reader, or a socket.
    if (code === "ENXIO" || code === "EOPNOTSUPP") return failed("it is not a regular file");
    return CHANGED.has(code) ? { kind: "changed" } : failed(failureReason(error));
  } finally {
    await handle?.close();
  }
}

async function verify(
  { grants, cwd, path }: FileRequest,
  handle: FileHandle,
  access: FileAccess,
  created: boolean,
): Promise<OpenAttempt> {
  const opened = await handle.stat({ bigint: true });
  const held = accessOf(access, true);
  const again = await resolvePath(grants, cwd, path, { found: created ? accessOf(access, false) : held, absent: held });
  if (again.kind === "outside" || again.kind === "refused") return again;
  if (again.kind !== "found") return { kind: "changed" };
  const named = await nodeFiles().lstat(again.real, { bigint: true });
  if (named.dev !== opened.dev || named.ino !== opened.ino) return { kind: "changed" };
  const problem = fileKindProblem(opened);
  if (problem !== undefined) return failed(problem);
  const fileSystem = new FileSystems().of(opened.dev, () => again.real);
  return kernelProblem(fileSystem, again.real, access) ?? { kind: "done", value: handle };
}
