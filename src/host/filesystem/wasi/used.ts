import type { Use } from "../../../shared/use.ts";
import type { HostContext } from "../../capability.ts";
import { perInvocation } from "../../per-invocation.ts";
import { reportUses, type UseLabel } from "../../uses.ts";

/** What the call that runs now has used, and how an event would name it. Calls of files run one at a time, to their end. */
const callOf = perInvocation<{ uses: Use[] | undefined }>(() => ({ uses: undefined }));

/** Takes what checks of the invocation use; nothing where nobody wants to know. */
export function usesIn(context: HostContext): ((use: Use) => void) | undefined {
  if (context.grants.reportsUses !== true) return undefined;
  const call = callOf(context);
  return (use) => void call.uses?.push(use);
}

/** Does the work of a call, and tells what it used, unless it was refused. */
export function tellingUses<T>(
  context: HostContext,
  label: () => UseLabel,
  work: () => T,
  isRefusal: (thrown: unknown) => boolean,
): T {
  if (context.grants.reportsUses !== true) return work();
  const call = callOf(context);
  call.uses = [];
  let refused = false;
  try {
    return work();
  } catch (thrown) {
    refused = isRefusal(thrown);
    throw thrown;
  } finally {
    if (!refused) reportUses(context, label(), withoutPassing(call.uses));
    call.uses = undefined;
  }
}

/** Without the folders on the way: what may be reached below them is reached through them. */
function withoutPassing(uses: readonly Use[]): readonly Use[] {
  return uses.filter((use, index) => {
    const next = uses[index + 1];
    if (use.kind !== "file" || use.need !== "reach" || next?.kind !== "file") return true;
    return next.path !== use.path && !next.path.startsWith(use.path === "/" ? "/" : `${use.path}/`);
  });
}
