import type { HostContext, HostInterface, HostResult } from "../../capability.ts";
import { onWholeFile, type WholeFileOperation } from "./whole-file.ts";
import { readOptions, readTextFile } from "./read-file.ts";
import { writeFile, writeOptions } from "./write-file.ts";

/** `sandbox:skill/filesystem-read`: whole files as text, from the folders granted for reading. */
export const filesystemRead: HostInterface = Object.freeze({
  name: "sandbox:skill/filesystem-read",
  functions: Object.freeze([
    Object.freeze({
      name: "read-file",
      type: "func(path: string) -> result<string, string>",
      blocking: true,
      call: (context: HostContext, path: string): Promise<HostResult<string>> =>
        onWholeFile(context, READ, "filesystemRead", path, (request, signal) =>
          readTextFile(request, readOptions(context, signal)),
        ),
    }),
  ]),
});

/** `sandbox:skill/filesystem-write`: whole files as text, to the folders granted for writing. */
export const filesystemWrite: HostInterface = Object.freeze({
  name: "sandbox:skill/filesystem-write",
  functions: Object.freeze([
    Object.freeze({
      name: "write-file",
      type: "func(path: string, content: string) -> result<_, string>",
      blocking: true,
      takesMuch: true,
      call: (context: HostContext, path: string, content: string): Promise<HostResult<undefined>> =>
        onWholeFile(context, WRITE, "filesystemWrite", path, (request, signal) =>
          writeFile(request, content, writeOptions(context, signal)),
        ),
    }),
  ]),
});

const READ: WholeFileOperation = {
  capability: "filesystem-read",
  action: "filesystem-read.read-file",
  verb: "read",
  setting: "grants.filesystem.read",
};

const WRITE: WholeFileOperation = {
  capability: "filesystem-write",
  action: "filesystem-write.write-file",
  verb: "write",
  setting: "grants.filesystem.write",
};
