import { CordonError } from "../shared/errors.ts";

/**
 * The asynchronous ABI lets a guest go on after it has answered, and come back from timers that no turn of its covers; its
 * deadline would not hold. Nothing that Cordon provides needs it.
 */
export function refusedAsynchronous(): CordonError {
  return new CordonError(
    "unsupported",
    "Cannot load the component: it uses the asynchronous ABI (async functions, tasks, streams or futures), which this " +
      "version does not run; build it for synchronous functions",
  );
}
