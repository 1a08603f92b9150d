import type { AuditResult } from "../../audit/event.ts";
import type { PathGrant } from "../../policy/grants.ts";
import type { HostContext, HostInterface, HostResult } from "../capability.ts";
import { cutResource, err, ok, quote } from "../text.ts";
import type { FileOutcome } from "./failure.ts";
import { failed, failureReason } from "./failure.ts";
import type { FileRequest } from "./file-request.ts";
import { readTextFile } from "./read-file.ts";
import { pathProblem } from "./resolve.ts";
import { writeTextFile } from "./write-file.ts";

/** `sandbox:skill/filesystem-read`: whole files as text, from the folders granted for reading. */
export const filesystemRead: HostInterface = Object.freeze({
  name: "sandbox:skill/filesystem-read",
  functions: Object.freeze([
    Object.freeze({
      name: "read-file",
      type: "func(path: string) -> result<string, string>",
      blocking: true,
      call: (context: HostContext, path: string): Promise<HostResult<string>> =>
        guarded(context, READ, context.grants.filesystemRead, path, (request) =>
          readTextFile(request, { maxBytes: context.limits.maxReadFileBytes, signal: context.signal }),
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
      call: (context: HostContext, path: string, content: string): Promise<HostResult<undefined>> =>
        guarded(context, WRITE, context.grants.filesystemWrite, path, (request) =>
          writeTextFile(request, content, { maxBytes: context.limits.maxWriteFileBytes, signal: context.signal }),
        ),
    }),
  ]),
});

interface Operation {
  readonly capability: string;
  readonly action: string;
  readonly verb: string;
  readonly flag: string;
}

const READ: Operation = {
  capability: "filesystem-read",
  action: "filesystem-read.read-file",
  verb: "read",
  flag: "--allow-fs-read",
};

const WRITE: Operation = {
  capability: "filesystem-write",
  action: "filesystem-write.write-file",
  verb: "write",
  flag: "--allow-fs-write",
};

/** Checks, does the work, records the one event of the call, and puts the outcome in words for the guest. */
async function guarded<T>(
  context: HostContext,
  { capability, action, verb, flag }: Operation,
  grants: readonly PathGrant[],
  path: string,
  work: (request: FileRequest) => Promise<FileOutcome<T>>,
): Promise<HostResult<T>> {
  const record = (result: AuditResult, reason?: string): void =>
    context.observe({
      eventType: "FilesystemAccess",
      action,
      resource: cutResource(path),
      result,
      ...(reason === undefined ? {} : { reason }),
    });

  if (grants.length === 0) {
    record("Denied", `${capability} is not granted; allow it with ${flag}=PATH`);
    return err(`Permission denied: ${capability} capability not granted`);
  }
  const problem = pathProblem(path);
  if (problem !== undefined) {
    record("Denied", problem);
    return err(`Cannot ${verb} ${quote(path)}: ${problem}`);
  }
  const outcome = await settled(work({ grants, cwd: context.grants.cwd, path }));
  if (outcome.kind === "done") {
    record("Allowed");
    return ok(outcome.value);
  }
  if (outcome.kind === "outside") {
    record("Denied", `the path is outside what ${capability} was granted for; allow it with ${flag}=PATH`);
    return err(`Permission denied: ${capability} is not granted for this path`);
  }
  record("Error", outcome.reason);
  return err(`Cannot ${verb} ${quote(path)}: ${outcome.reason}`);
}

/** Host functions must not throw, and an exception's own text may name paths of the host. */
async function settled<T>(work: Promise<FileOutcome<T>>): Promise<FileOutcome<T>> {
  try {
    return await work;
  } catch (error) {
    return failed(failureReason(error));
  }
}
