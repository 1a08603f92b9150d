import type { Preopen } from "../../../policy/grants.ts";
import type { HostContext } from "../../capability.ts";
import { type DescriptorFlags, FolderDescriptor } from "../wasi/descriptor.ts";
import { FilesystemError } from "../wasi/error-code.ts";
import { keepFolder } from "../keep-under-policy.ts";
import type { FolderHolding } from "../folders/held-folder.ts";
import { holdByDescriptor } from "../folders/hold-by-descriptor.ts";
import { holdByPath } from "../folders/hold-by-path.ts";
import { OpenSlot } from "../opening/open-slot.ts";
import { preopenRoot } from "./preopen-root.ts";

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
    const { scope, folder } = preopenRoot(context, preopen, holding);
    const options = { scope, flags: { ...READ_ONLY, mutateDirectory: preopen.write }, label: preopen.guest };
    return keepFolder(context, new FolderDescriptor(options, folder.retain(), new OpenSlot(context, undefined)));
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
