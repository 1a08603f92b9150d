import type { FileHandle } from "node:fs/promises";
import type { FileOutcome } from "../failure.ts";
import { failed } from "../failure.ts";
import type { FileAccess, FileRequest, OpenTarget } from "./file-request.ts";
import { openByDescriptor } from "./open-by-descriptor.ts";
import { openByIdentity } from "./open-by-identity.ts";
import { resolvePath } from "../paths/resolve.ts";

/** How often a path is resolved again when folders are renamed while it is opened. */
const MAX_ATTEMPTS = 5;

/**
 * Opens a regular file inside the grants, without changing its content: for writing it is created when it is absent, never
 * truncated; to be rewritten it has to be there. Other processes may rename and link meanwhile; what is returned was inside a grant when it was opened.
 * Folders, pipes, sockets and devices are refused, and never block.
 *
 * On Linux this holds against any race (see `open-by-descriptor.ts`). Elsewhere another process of the host that swaps folders
 * for links in a loop can win a race (see `open-by-identity.ts`).
 */
export async function openGranted(
  request: FileRequest,
  access: FileAccess | "rewrite",
  openTarget: OpenTarget = process.platform === "linux" ? openByDescriptor : openByIdentity,
): Promise<FileOutcome<FileHandle>> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const resolution = await resolvePath(request.grants, request.cwd, request.path);
    if (resolution.kind !== "found" && resolution.kind !== "absent") return resolution;
    const exists = resolution.kind === "found";
    if (!exists && access === "read") return failed("no such file");
    if (!exists && access === "rewrite") {
      const reason = "making files is not granted";
      return { kind: "refused", reason, remedy: { setting: "grants.filesystem.create", value: "true" } };
    }
    const target = { real: resolution.real, exists };
    const opened = await openTarget(request, target, access === "read" ? "read" : "write");
    if (opened.kind !== "changed") return opened;
  }
  return failed("the folders on its path kept changing");
}
