import type { AuditResult } from "../../../audit/event.ts";
import type { HostContext, HostResult } from "../../capability.ts";
import { cutResource } from "../../text.ts";
import type { Descriptor } from "./descriptor.ts";
import { type ErrorCode, FilesystemError } from "./error-code.ts";
import { labelOf } from "../paths/label.ts";
import type { UseLabel } from "../../uses.ts";
import { tellingUses } from "./used.ts";

/** What a function of `wasi:filesystem` answers. */
export type FileResult<T> = HostResult<T, ErrorCode>;

/** What the record says of a call. */
export interface Access {
  /** The function's name in the interface, such as `open-at`. */
  readonly action: string;
  readonly descriptor: Descriptor;
  /** As the guest named it, from the descriptor; `undefined` for the descriptor itself. */
  readonly path?: string;
  /** The second path of a call that has two. */
  readonly to?: { readonly descriptor: Descriptor; readonly path: string };
}

/** A call whose outcome is recorded, whatever it is: it opens or changes something. */
export function recorded<T>(context: HostContext, access: Access, work: () => T): FileResult<T> {
  const result = answered(context, access, work, (error) => observe(context, access, error));
  if (result.tag === "ok") observe(context, access);
  return result;
}

/** A call that is recorded when it is denied: it reads metadata, or works on what was opened before. */
export function unrecorded<T>(context: HostContext, access: Access, work: () => T): FileResult<T> {
  return answered(context, access, work, (error) => {
    if (error.denied) observe(context, access, error);
  });
}

/** Records a denial or a failure, or that an access was allowed. */
export function observe(context: HostContext, access: Access, error?: FilesystemError): void {
  const result: AuditResult = error === undefined ? "Allowed" : error.denied ? "Denied" : "Error";
  context.observe({
    eventType: "FilesystemAccess",
    action: `filesystem.${access.action}`,
    resource: resourceOf(access),
    result,
    ...(error === undefined ? {} : { reason: error.message }),
    ...(error?.remedies === undefined ? {} : { remedies: error.remedies }),
  });
}

function isDenial(thrown: unknown): boolean {
  return thrown instanceof FilesystemError && thrown.denied;
}

function resourceOf({ descriptor, path, to }: Access): string {
  if (path === undefined) return descriptor.label;
  const from = labelOf(descriptor, path);
  return to === undefined ? from : cutResource(`${from} -> ${labelOf(to.descriptor, to.path)}`);
}

function answered<T>(
  context: HostContext,
  access: Access,
  work: () => T,
  failed: (error: FilesystemError) => void,
): FileResult<T> {
  const label = (): UseLabel => ({
    eventType: "FilesystemAccess",
    action: `filesystem.${access.action}`,
    resource: resourceOf(access),
  });
  try {
    return { tag: "ok", val: tellingUses(context, label, work, isDenial) };
  } catch (thrown) {
    const error = FilesystemError.from(thrown);
    failed(error);
    return { tag: "err", val: error.code };
  }
}
