import type { FileHandle } from "node:fs/promises";
import type { FileOutcome } from "../failure.ts";
import { identityOf } from "../folders/held-folder.ts";
import { ACCESS } from "../../../policy/storage/access.ts";
import { maxFileBytesOf } from "../paths/check.ts";
import { deniedFiles } from "../paths/storage-scope.ts";
import { failed } from "../failure.ts";
import { accessOf, type FileAccess, type FileRequest, type FileTarget, type OpenTarget } from "./file-request.ts";
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
 * `bytes` is what the file is to hold; more than a rule allows is refused.
 *
 * On Linux this holds against any race (see `open-by-descriptor.ts`). Elsewhere another process of the host that swaps folders
 * for links in a loop can win a race (see `open-by-identity.ts`).
 */
export async function openGranted(
  request: FileRequest,
  access: FileAccess | "rewrite",
  openTarget: OpenTarget = process.platform === "linux" ? openByDescriptor : openByIdentity,
  bytes = 0,
): Promise<FileOutcome<FileHandle>> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const fileAccess = access === "read" ? "read" : "write";
    const rights = { found: accessOf(fileAccess, true), absent: accessOf(fileAccess, false) };
    const resolution = await resolvePath(request.grants, request.cwd, request.path, rights);
    if (resolution.kind !== "found" && resolution.kind !== "absent") {
      if (resolution.kind === "failed" && resolution.real !== undefined) tellUse(request, resolution.real, ACCESS.read);
      return resolution;
    }
    const exists = resolution.kind === "found";
    tellUse(request, resolution.real, exists ? rights.found : rights.absent);
    if (!exists && access === "read") return failed("no such file");
    if (!exists && access === "rewrite") {
      const reason = "making files is not granted";
      return { kind: "refused", reason, remedy: { setting: "grants.filesystem.create", value: "true" } };
    }
    const bound = bytes === 0 ? bytes : maxFileBytesOf(request.grants, resolution.real);
    if (bytes > bound) return tooLarge(bound);
    const target = { real: resolution.real, exists };
    const opened = await openTarget(request, target, fileAccess);
    if (opened.kind === "done") return await unlessDenied(request, target, opened.value, rights.found);
    if (opened.kind !== "changed") return opened;
  }
  return failed("the folders on its path kept changing");
}

function tellUse({ used }: FileRequest, real: string, access: number): void {
  const path = process.platform === "win32" ? real.replaceAll("\\", "/") : real;
  used?.({ kind: "file", surface: "path", path, access, need: "all" });
}

/** The refusal of a file that would pass what is granted, in bytes. */
export function tooLarge(bound: number): FileOutcome<never> {
  const reason = `the file would pass the ${bound} bytes that are granted`;
  return { kind: "refused", reason, remedy: { setting: "grants.filesystem.maxFileBytes" } };
}

/** Closes a file again that rules deny under another name. */
async function unlessDenied(
  { grants }: FileRequest,
  { real, exists }: FileTarget,
  handle: FileHandle,
  access: number,
): Promise<FileOutcome<FileHandle>> {
  const rules = grants.flatMap((grant) => (grant.rules === undefined ? [] : [grant.rules]));
  if (!exists || rules.every(({ deniedPaths }) => deniedPaths.length === 0)) return { kind: "done", value: handle };
  const id = identityOf(await handle.stat({ bigint: true }));
  const file = rules.map((one) => deniedFiles(one).get(id)).find((one) => one !== undefined);
  if (file === undefined || file.real === real || (file.access & access) === 0) return { kind: "done", value: handle };
  await handle.close();
  return { kind: "refused", reason: `it is denied under another name by the rule ${file.written}` };
}
