import { type StdioOptions, outputSink, stdinSource } from "../calls/stdio-options.ts";
import { abortSignal } from "./common-shapes.ts";
import type { LimitsInput } from "./limit-options.ts";
import { limitsInput } from "./sandbox-options.ts";
import { options, type Shape, wholeNumber } from "./shape.ts";

/** How one call is made. Without a sink, what the guest writes to stdout and stderr is dropped. */
export interface CallOptions extends StdioOptions {
  /** Ends the call early, with a `cancelled` error. */
  readonly signal?: AbortSignal | undefined;
  /** Limits of this call in place of the sandbox's. */
  readonly limits?: LimitsInput | undefined;
}

/** How many calls are made. */
export interface CallManyOptions extends Omit<CallOptions, "stdin"> {
  /** How many run at once; default 16. */
  readonly concurrency?: number | undefined;
}

const common = { signal: abortSignal, limits: limitsInput, stdout: outputSink, stderr: outputSink };

export const callOptions: Shape<CallOptions> = options<CallOptions>({ ...common, stdin: stdinSource });

export const callManyOptions: Shape<CallManyOptions> = options<CallManyOptions>({
  ...common,
  concurrency: wholeNumber(1, 10_000),
});
