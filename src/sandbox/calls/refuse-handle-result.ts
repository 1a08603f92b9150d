import { CordonError } from "../../shared/errors.ts";
import { printFunctionType } from "../../shared/wit/print-wit.ts";
import { holdsHandle } from "../../shared/wit/wit-handles.ts";
import type { CallableExport } from "../loading/exports.ts";

/**
 * Refuses a call whose result would be a handle: what it stands for is in the instance, and the handle would be lost.
 *
 * @throws CordonError `unsupported`.
 */
export function refuseHandleResult(called: Pick<CallableExport, "name" | "function">): void {
  if (!holdsHandle(called.function.result)) return;
  const type = printFunctionType(called.function, { names: true });
  throw new CordonError("unsupported", `Cannot call ${called.name}: its result cannot leave its instance: ${type}`);
}
