import type { GrantSetting, Remedy } from "../../../shared/remedy.ts";
import type { Use } from "../../../shared/use.ts";
import type { AuditResult } from "../../../audit/event.ts";
import type { PathGrant } from "../../../policy/grants.ts";
import type { HostContext, HostResult } from "../../capability.ts";
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
  grants: readonly PathGrant[],
  path: string,
  work: (request: FileRequest) => Promise<FileOutcome<T>>,
): Promise<HostResult<T, string>> {
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
  const uses: Use[] = [];
  const used = context.grants.reportsUses === true ? { used: (use: Use) => void uses.push(use) } : {};
  const outcome = await settled(work({ grants, cwd: context.grants.cwd, path, ...used }));
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

/** Host functions must not throw, and an exception's own text may name paths of the host. */
async function settled<T>(work: Promise<FileOutcome<T>>): Promise<FileOutcome<T>> {
  try {
    return await work;
  } catch (error) {
    return failed(failureReason(error));
  }
}
