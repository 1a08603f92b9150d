import type { HostContext } from "../capability.ts";
import { stdioOf } from "./state.ts";

/**
 * Settles when the embedder has all that the guest wrote to stdout and stderr, or takes no more, or the invocation's signal
 * is aborted. Never rejects. To be awaited before the end of an invocation is reported.
 */
export async function drainStdio(context: HostContext): Promise<void> {
  const stdio = stdioOf.ifMade(context);
  if (stdio !== undefined) await Promise.all([stdio.stdout.drained(), stdio.stderr.drained()]);
}
