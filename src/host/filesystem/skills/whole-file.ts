import { isDeepStrictEqual } from "node:util";
import type { GrantSetting, Remedy } from "../../../shared/text/remedy.ts";
import type { Use } from "../../../shared/use.ts";
import type { AuditResult } from "../../../audit/event.ts";
import type { HostContext, HostResult } from "../../capability.ts";
import { underPolicy } from "../../under-policy.ts";
import { reportUses } from "../../uses.ts";
import { cutResource, err, ok, quote } from "../../text.ts";
import type { FileOutcome } from "../failure.ts";
import { failed, failureReason } from "../failure.ts";
import type { FileRequest } from "../opening/file-request.ts";
import { pathProblem } from "../paths/resolve.ts";

/** What a guest does with a whole file, in the words of events and errors. */
export interface WholeFileOperation {
  readonly capability: string;
  readonly action: string;
  readonly verb: string;
  /** The grant for it. */
  readonly setting: GrantSetting;
}

/** Checks, does the work, records the one event of the call, and puts the outcome in words for the guest. */
export async function onWholeFile<T>(
  context: HostContext,
  { capability, action, verb, setting }: WholeFileOperation,
  granted: "filesystemRead" | "filesystemWrite",
  path: string,
  work: (request: FileRequest, signal: AbortSignal) => Promise<FileOutcome<T>>,
): Promise<HostResult<T, string>> {
  const grants = context.grants[granted];
  const record = (result: AuditResult, reason?: string, remedies?: readonly Remedy[]): void =>
    context.observe({
      eventType: "FilesystemAccess",
      action,
      resource: cutResource(path),
      result,
      ...(reason === undefined ? {} : { reason }),
      ...(remedies === undefined ? {} : { remedies }),
    });

  if (grants.length === 0) {
    record("Denied", `${capability} is not granted`, [{ setting, value: "PATH" }]);
    return err(`Permission denied: ${capability} capability not granted`);
  }
  const problem = pathProblem(path);
  if (problem !== undefined) {
    record("Denied", problem);
    return err(`Cannot ${verb} ${quote(path)}: ${problem}`);
  }
  const revoked = new AbortController();
  const forget = underPolicy(context, {
    eventType: "FilesystemAccess",
    action,
    resource: path,
    recheck: () => (isDeepStrictEqual(context.grants[granted], grants) ? undefined : REVOKED),
    revoke: () => revoked.abort(),
  });
  const signal = AbortSignal.any([context.signal, revoked.signal]);
  const uses: Use[] = [];
  const used = context.grants.reportsUses === true ? { used: (use: Use) => void uses.push(use) } : {};
  const outcome = await settled(work({ grants, cwd: context.grants.cwd, path, ...used }, signal)).finally(forget);
  if (revoked.signal.aborted) return err(`Permission denied: ${REVOKED}`);
  const isRefused = outcome.kind === "outside" || outcome.kind === "refused";
  if (!isRefused) reportUses(context, { eventType: "FilesystemAccess", action, resource: cutResource(path) }, uses);
  if (outcome.kind === "done") {
    record("Allowed");
    return ok(outcome.value);
  }
  if (outcome.kind === "outside") {
    record("Denied", `the path is outside what ${capability} was granted for`, [{ setting, value: "PATH" }]);
    return err(`Permission denied: ${capability} is not granted for this path`);
  }
  if (outcome.kind === "refused") {
    record("Denied", outcome.reason, outcome.remedy === undefined ? undefined : [outcome.remedy]);
    return err(`Permission denied: ${outcome.reason}`);
  }
  record("Error", outcome.reason);
  return err(`Cannot ${verb} ${quote(path)}: ${outcome.reason}`);
}

/** Where it leads may take long to find out again, and the guest can ask again. */
const REVOKED = "what is granted was changed while the file was used";

/** Host functions must not throw, and an exception's own text may name paths of the host. */
async function settled<T>(work: Promise<FileOutcome<T>>): Promise<FileOutcome<T>> {
  try {
    return await work;
  } catch (error) {
    return failed(failureReason(error));
  }
}
