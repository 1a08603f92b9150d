import { isUtf8 } from "node:buffer";
import { constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type FileSystemKind, FileSystems } from "../../../shared/machine/file-systems.ts";
import { checkPath } from "../paths/check.ts";
import { errnoOf, failed, failureReason } from "../failure.ts";
import { accessOf, type FileAccess, type FileRequest, type FileTarget, type OpenAttempt } from "./file-request.ts";
import { O_PATH } from "../folders/linux-flags.ts";
import { kernelProblem } from "./kernel-problem.ts";
import { reachablePath } from "../paths/reachable-path.ts";
import { fileKindProblem } from "./regular-file.ts";
import { nodeFiles } from "../../../shared/node-modules.ts";

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/** What a system call says when the path it was given has changed since it was resolved. */
const CHANGED: ReadonlySet<string | undefined> = new Set(["ENOENT", "ENOTDIR", "ELOOP", "EEXIST"]);

/**
 * Opens a target on Linux: holds the folder, asks the kernel where the held folder is, and reaches the file by its one name in
 * that folder, following no link. Nothing that happens to the path in between can lead elsewhere. A file that is granted by itself
 * is held without its folder, which the grant does not cover and a guest process may not open. Needs `/proc`.
 */
export async function openByDescriptor(
  { grants }: FileRequest,
  { real, exists }: FileTarget,
  access: FileAccess,
): Promise<OpenAttempt> {
  const name = basename(real);
  if (name === "") return failed("it is a folder");
  try {
    if (exists && grants.some(({ root }) => root === real)) return await openRoot(real, access);
    await using folder = await nodeFiles().open(reachablePath(dirname(real)), O_PATH | O_DIRECTORY | O_NOFOLLOW);
    const folderPath = await nodeFiles().readlink(throughProc(folder), "buffer");
    if (!isUtf8(folderPath)) return { kind: "outside" };
    const where = join(folderPath.toString("utf8"), name);
    if (!checkPath(grants, where, accessOf(access, exists)).allowed) return { kind: "outside" };
    const place = { entry: `${throughProc(folder)}/${name}`, where };
    return exists ? await openEntry(place, access) : await createEntry(place, folder);
  } catch (error) {
    return CHANGED.has(errnoOf(error)) ? { kind: "changed" } : failed(failureReason(error));
  }
}

/** A name in a held folder. */
interface Entry {
  /** A path to it through the folder's descriptor. */
  readonly entry: string;
  /** Where it is. */
  readonly where: string;
}

/** Opens what is granted by itself, if that is where it was: the kernel has followed the links of its path, and knows of a new name. */
async function openRoot(real: string, access: FileAccess): Promise<OpenAttempt> {
  await using held = await nodeFiles().open(reachablePath(real), O_PATH | O_NOFOLLOW);
  if (!Buffer.from(real).equals(await nodeFiles().readlink(throughProc(held), "buffer"))) return { kind: "changed" };
  return await openHeld(held, real, access);
}

async function openEntry({ entry, where }: Entry, access: FileAccess): Promise<OpenAttempt> {
  await using named = await nodeFiles().open(entry, O_PATH | O_NOFOLLOW);
  return await openHeld(named, where, access);
}

/** Opens the very file that is held, wherever its name leads by now. */
async function openHeld(held: FileHandle, where: string, access: FileAccess): Promise<OpenAttempt> {
  const info = await held.stat();
  if (info.isSymbolicLink()) return { kind: "changed" };
  const problem = fileKindProblem(info);
  if (problem !== undefined) return failed(problem);
  const refused = kernelProblem(await fileSystemOf(held), where, access);
  if (refused !== undefined) return refused;
  const flags = (access === "read" ? O_RDONLY : O_WRONLY) | O_NONBLOCK | O_NOCTTY;
  return { kind: "done", value: await nodeFiles().open(throughProc(held), flags) };
}

function throughProc({ fd }: FileHandle): string {
  return `/proc/self/fd/${fd}`;
}

async function createEntry({ entry, where }: Entry, folder: FileHandle): Promise<OpenAttempt> {
  const refused = kernelProblem(await fileSystemOf(folder), where, "write");
  if (refused !== undefined) return refused;
  const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  return { kind: "done", value: await nodeFiles().open(entry, flags, 0o666) };
}

async function fileSystemOf(held: FileHandle): Promise<FileSystemKind> {
  const { dev } = await held.stat();
  return new FileSystems().of(dev, () => throughProc(held));
}
