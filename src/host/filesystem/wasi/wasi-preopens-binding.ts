import type { HostContext, HostInterface, HostResult } from "../../capability.ts";
import { wasiInterface } from "../../wasi-interface.ts";
import type { FolderDescriptor } from "./descriptor.ts";
import type { FolderHolding } from "../folders/held-folder.ts";
import { HOLDING, preopenedFolders } from "../paths/preopened-folders.ts";

/** `wasi:filesystem/preopens`: the folders of the grants, opened. */
export const wasiFilesystemPreopens: HostInterface = preopens(HOLDING);

/** `wasi:filesystem/preopens` with folders held by descriptor or by path. */
export function preopens(holding: FolderHolding): HostInterface {
  return wasiInterface("wasi:filesystem/preopens", {
    direct: {
      "get-directories": (context: HostContext): HostResult<readonly (readonly [FolderDescriptor, string])[]> => ({
        tag: "ok",
        val: preopenedFolders(context, holding),
      }),
    },
  });
}
