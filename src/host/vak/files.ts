import type { HostContext, HostResult } from "../capability.ts";
import { readFile, readOptions } from "../filesystem/skills/read-file.ts";
import { onWholeFile, type WholeFileOperation } from "../filesystem/skills/whole-file.ts";
import { writeFile, writeOptions } from "../filesystem/skills/write-file.ts";

const READ: WholeFileOperation = {
  capability: "filesystem-read",
  action: "vak.fs-read",
  verb: "read",
  setting: "grants.filesystem.read",
};

const WRITE: WholeFileOperation = {
  capability: "filesystem-write",
  action: "vak.fs-write",
  verb: "write",
  setting: "grants.filesystem.write",
};

/** A whole file, or why it cannot be read. */
export function readGranted(context: HostContext, path: string): Promise<HostResult<Uint8Array, string>> {
  return onWholeFile(context, READ, "filesystemRead", path, (request, signal) =>
    readFile(request, readOptions(context, signal)),
  );
}

/** Writes a whole file, or says why it cannot be written. */
export function writeGranted(
  context: HostContext,
  path: string,
  content: Uint8Array,
): Promise<HostResult<undefined, string>> {
  return onWholeFile(context, WRITE, "filesystemWrite", path, (request, signal) =>
    writeFile(request, content, writeOptions(context, signal)),
  );
}
