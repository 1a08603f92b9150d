import { CordonError } from "../../shared/errors.ts";
import { printFunctionType } from "../../shared/wit/print-wit.ts";
import { holdsHandle, holdsStream } from "../../shared/wit/wit-handles.ts";
import type { WitType } from "../../shared/wit/wit.ts";
import type { CallableExport } from "../loading/exports.ts";

/**
 * Refuses a call on a fresh instance whose result would be a handle: what it stands for is in the instance, which is gone when the call
 * has ended.
 *
 * @param isEmbedders Whether a handle is of a resource of the embedder's, whose objects are not in the instance.
 * @throws CordonError `unsupported`.
 */
export function refuseHandleResult(
  called: Pick<CallableExport, "name" | "function">,
  isEmbedders: (handle: WitType) => boolean,
): void {
  const isExempt = (type: WitType): boolean =>
    type.kind === "stream" || type.kind === "future" ? !holdsHandle(type.element, isExempt) : isEmbedders(type);
  if (!holdsHandle(called.function.result, isExempt)) return;
  const type = printFunctionType(called.function, { names: true });
  throw new CordonError(
    "unsupported",
    `Cannot call ${called.name}: its result cannot leave its instance: ${type}; call it on an instance that stays, of Sandbox.instantiate`,
  );
}

/**
 * Refuses a call whose result would be a stream or a future where nobody could read it any more.
 *
 * @throws CordonError `unsupported`.
 */
export function refuseStreamResult(called: Pick<CallableExport, "name" | "function">): void {
  if (!holdsStream(called.function.result)) return;
  const type = printFunctionType(called.function, { names: true });
  throw new CordonError(
    "unsupported",
    `Cannot call ${called.name}: its result goes on when the sandbox is closed: ${type}; call it with Sandbox.call`,
  );
}
