import { dirname } from "node:path";
import { fstatSync } from "node:fs";
import { isWithin } from "../../policy/real-path.ts";
import type { HostContext } from "../capability.ts";
import { underPolicy } from "../under-policy.ts";
import { errnoOf } from "./failure.ts";
import { type HeldFolder, identityOf } from "./folders/held-folder.ts";
import type { FolderEntries } from "./folders/folder-entries.ts";
import { checkReadable } from "./opening/kernel-files.ts";
import type { OpenFile } from "./opening/open-file.ts";
import { changeProblem, checkProtection } from "./paths/preopen-scope.ts";
import { preopenRoot } from "./paths/preopen-root.ts";
import { type FileDescriptor, type FolderDescriptor, fileScope, type PreopenScope } from "./wasi/descriptor.ts";
import { FilesystemError } from "./wasi/error-code.ts";

/** What Linux writes behind the path of a file that has no name any more. */
const DELETED = " (deleted)";

/** A folder as the grants that are in force now lead to it. */
interface Regranted {
  readonly scope: PreopenScope;
  /** Retained. */
  readonly folder: HeldFolder;
}

/** Has a folder follow the policy as long as its descriptor is open. Gives the descriptor back. */
export function keepFolder(context: HostContext, descriptor: FolderDescriptor): FolderDescriptor {
  const forget = underPolicy(context, {
    eventType: "FilesystemAccess",
    action: "filesystem.close",
    resource: descriptor.label,
    recheck: () =>
      refusalOf(() => {
        const { scope, folder } = regranted(context, descriptor.scope, descriptor.folder);
        descriptor.regrant(scope, folder);
      }),
    revoke: (reason) => descriptor.revoke(reason),
  });
  descriptor.whenClosed(forget);
  return descriptor;
}

/** Has the entries of a folder follow the policy as long as they are read. Gives them back. */
export function keepEntries(context: HostContext, entries: FolderEntries, descriptor: FolderDescriptor): FolderEntries {
  const { label, scope } = descriptor;
  const forget = underPolicy(context, {
    eventType: "FilesystemAccess",
    action: "filesystem.close",
    resource: label,
    recheck: () =>
      refusalOf(() => {
        const again = regranted(context, scope, entries.folder);
        try {
          again.scope.rules?.checkListable(again.folder);
        } catch (error) {
          again.folder[Symbol.dispose]();
          throw error;
        }
        entries.regrant(again.folder, again.scope.rules);
      }),
    revoke: (reason) => entries.revoke(reason),
  });
  entries.whenClosed(forget);
  return entries;
}

/**
 * Has an open file follow the policy until the last that holds it closes it. Gives the file back.
 *
 * @param descriptor By which it was opened.
 */
export function keepFile(context: HostContext, descriptor: FileDescriptor, file: OpenFile): OpenFile {
  const forget = underPolicy(context, {
    eventType: "FilesystemAccess",
    action: "filesystem.close",
    resource: descriptor.label,
    recheck: () => refusalOf(() => regrantFile(context, descriptor, file)),
    revoke: (reason) => file.revoke(reason),
  });
  file.whenClosed(forget);
  return file;
}

function regrantFile(context: HostContext, descriptor: FileDescriptor, file: OpenFile): void {
  const { scope, flags, opened } = descriptor;
  const stats = fstatSync(file.fd, { bigint: true });
  const where = opened.path ?? scope.holding.whereIs(file.fd);
  const isNameless = opened.path === undefined && where.endsWith(DELETED) && stats.nlink === 0n;
  const path = isNameless ? where.slice(0, -DELETED.length) : where;
  const preopen = preopensFor(context, scope, path).at(0);
  if (preopen === undefined) throw notGranted();
  const problem = flags.write ? changeProblem(preopen, opened.access.isNew ? "create" : "write") : undefined;
  if (problem !== undefined) throw problem;
  const root = preopenRoot(context, preopen, scope.holding);
  if (isNameless) {
    // Nobody can open it any more, so its name is all that there is to judge.
    const refusal = root.scope.rules?.problemAt(path, opened.access.rights, stats);
    if (refusal !== undefined) throw FilesystemError.denied("not-permitted", refusal);
    return;
  }
  const name = path.slice(dirname(path) === "/" ? 1 : dirname(path).length + 1);
  using folder = entered(root.folder, preopen.root, dirname(path));
  using found = folder.look(name);
  if (identityOf(found.stats()) !== identityOf(stats)) throw notGranted();
  checkReadable(folder, name, found.fileSystem(), true);
  if (flags.write) checkProtection(root.scope.protection, folder, name, found);
  root.scope.rules?.check(folder, name, opened.access.rights, stats);
  descriptor.scope = fileScope(root.scope, folder, name);
}

/** A folder that is held, reached anew from a folder of the grants. */
function regranted(context: HostContext, scope: PreopenScope, folder: HeldFolder): Regranted {
  const [where, identity] = [folder.where(), identityOf(folder.stat())];
  for (const preopen of preopensFor(context, scope, where)) {
    const root = preopenRoot(context, preopen, scope.holding);
    const again = entered(root.folder, preopen.root, where);
    try {
      if (identityOf(again.stat()) !== identity) throw notGranted();
      root.scope.rules?.checkReachable(again, undefined);
      checkReadable(again, undefined, again.fileSystem(), false);
      return { scope: root.scope, folder: again };
    } catch (error) {
      again[Symbol.dispose]();
      throw error;
    }
  }
  throw notGranted();
}

/** The folders of the grants that a path lies in: first the one by which it was reached, if it is still granted. */
function preopensFor({ grants }: HostContext, { preopen }: PreopenScope, path: string): PreopenScope["preopen"][] {
  const isSame = ({ guest, root }: PreopenScope["preopen"]): boolean =>
    guest === preopen.guest && root === preopen.root;
  const within = grants.preopens.filter(({ root }) => isWithin(path, root));
  return [...within.filter(isSame), ...within.filter((one) => !isSame(one))];
}

/** The folder at a real path below another, retained. */
function entered(from: HeldFolder, root: string, path: string): HeldFolder {
  let folder = from.retain();
  for (const name of path.slice(root.length).split(/[/\\]/u)) {
    if (name === "") continue;
    const above = folder;
    try {
      folder = above.enter(name);
    } finally {
      above[Symbol.dispose]();
    }
  }
  return folder;
}

/** Why something is not granted any more; what happens to a file by chance is no reason of the policy's, and closes it all the same. */
function refusalOf(work: () => void): string | undefined {
  try {
    work();
    return undefined;
  } catch (thrown) {
    if (errnoOf(thrown) !== undefined) return "it is not where it was";
    return FilesystemError.from(thrown).message;
  }
}

function notGranted(): FilesystemError {
  return FilesystemError.denied("not-permitted", "no folder is granted any more that it lies in");
}
