import type { Preopen } from "../../../policy/grants.ts";
import type { HostContext } from "../../capability.ts";
import { type DescriptorFlags, FolderDescriptor } from "../wasi/descriptor.ts";
import { FilesystemError } from "../wasi/error-code.ts";
import { filesystemState, type PreopenedFolder } from "../filesystem-state.ts";
import { usesIn } from "../wasi/used.ts";
import type { FolderHolding } from "../folders/held-folder.ts";
import { holdByDescriptor } from "../folders/hold-by-descriptor.ts";
import { holdByPath } from "../folders/hold-by-path.ts";
import { checkChangeable, checkReadable } from "../opening/kernel-files.ts";
import { OpenSlot } from "../opening/open-slot.ts";
import { protectionOf } from "./preopen-scope.ts";
import { StorageScope } from "./storage-scope.ts";

/** How folders are held on this system. */
export const HOLDING: FolderHolding = process.platform === "linux" ? holdByDescriptor : holdByPath;

/** The folders of the grants, opened, each with the path that the guest knows it by. */
export function preopenedFolders(
  context: HostContext,
  holding: FolderHolding = HOLDING,
): readonly (readonly [FolderDescriptor, string])[] {
  // Nobody would let go of what is held for an invocation that has ended.
  if (context.signal.aborted) return [];
  return context.grants.preopens.flatMap((preopen) => {
    const folder = open(context, preopen, holding);
    return folder === undefined ? [] : [[folder, preopen.guest] as const];
  });
}

/** The folder, or `undefined` when it is not there any more or is one that no grant covers; a guest then has one folder less, and the record says so. */
function open(context: HostContext, preopen: Preopen, holding: FolderHolding): FolderDescriptor | undefined {
  try {
    const { scope, folder } = root(context, preopen, holding);
    const options = { scope, flags: { ...READ_ONLY, mutateDirectory: preopen.write }, label: preopen.guest };
    return new FolderDescriptor(options, folder.retain(), new OpenSlot(context, undefined));
  } catch (thrown) {
    const error = FilesystemError.from(thrown);
    context.observe({
      eventType: "FilesystemAccess",
      action: "filesystem.get-directories",
      resource: preopen.guest,
      result: error.denied ? "Denied" : "Error",
      reason: error.denied
        ? error.message
        : `the granted folder is not where it was when it was granted (${error.code})`,
    });
    return undefined;
  }
}

const READ_ONLY: DescriptorFlags = {
  read: true,
  write: false,
  fileIntegritySync: false,
  dataIntegritySync: false,
  requestedWriteSync: false,
  mutateDirectory: false,
};

function root(context: HostContext, preopen: Preopen, holding: FolderHolding): PreopenedFolder {
  const { roots } = filesystemState(context);
  const held = roots.get(preopen);
  if (held !== undefined) return held;
  const protection = protectionOf(preopen);
  const folder = holding.openRoot(preopen.root, protection);
  try {
    // Checked when it was granted, too; something else may be mounted there by now.
    checkReadable(folder, undefined, folder.fileSystem(), false);
    if (preopen.write) checkChangeable(folder, undefined);
  } catch (error) {
    folder[Symbol.dispose]();
    throw error;
  }
  const rules = preopen.rules === undefined ? undefined : new StorageScope(preopen.rules, usesIn(context));
  const opened = { scope: { preopen, protection, rules, holding }, folder };
  roots.set(preopen, opened);
  return opened;
}
