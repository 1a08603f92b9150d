import { type StdioOptions, outputSink, stdinSource } from "../calls/stdio-options.ts";
import { abortSignal } from "./common-shapes.ts";
import type { LimitsInput } from "./limit-options.ts";
import { limitsInput } from "./sandbox-options.ts";
import { options, type Shape } from "./shape.ts";

/** How one call is made. Without a sink, what the guest writes to stdout and stderr is dropped. */
export interface CallOptions extends StdioOptions {
  /** Ends the call early, with a `cancelled` error. */
  readonly signal?: AbortSignal | undefined;
  /** Limits of this call in place of the sandbox's. */
  readonly limits?: LimitsInput | undefined;
}

export const callOptions: Shape<CallOptions> = options<CallOptions>({
  signal: abortSignal,
  limits: limitsInput,
  stdin: stdinSource,
  stdout: outputSink,
  stderr: outputSink,
});
