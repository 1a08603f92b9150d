/** Nanoseconds, as `wasi:clocks` has durations. */
type Duration = bigint;

/** A `wasi:http/types.request-options`. The limits of the invocation hold beside what it says. */
export class RequestOptions {
  connectTimeout: Duration | undefined;
  firstByteTimeout: Duration | undefined;
  betweenBytesTimeout: Duration | undefined;
}

/** A timeout in milliseconds: what was asked for, rounded up, and never more than `most`. */
export function timeoutMs(asked: Duration | undefined, most: number): number {
  if (asked === undefined) return most;
  const milliseconds = (asked + 999_999n) / 1_000_000n;
  return milliseconds > BigInt(most) ? most : Math.max(1, Number(milliseconds));
}
