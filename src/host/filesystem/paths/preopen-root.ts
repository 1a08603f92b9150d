import type { Preopen } from "../../../policy/grants.ts";
import type { HostContext } from "../../capability.ts";
import { filesystemState, type PreopenedFolder } from "../filesystem-state.ts";
import type { FolderHolding } from "../folders/held-folder.ts";
import { checkChangeable, checkReadable } from "../opening/kernel-files.ts";
import { usesIn } from "../wasi/used.ts";
import { protectionOf } from "./preopen-scope.ts";
import { StorageScope } from "./storage-scope.ts";

/** A folder of the grants, held. Fails when it is not there any more, or is one that no grant covers. */
export function preopenRoot(context: HostContext, preopen: Preopen, holding: FolderHolding): PreopenedFolder {
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
