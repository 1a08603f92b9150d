import { CordonError, type ErrorCode } from "../../src/sandbox/index.ts";

/** One kind of guest that a soak lets loose: makes a call and throws when that ended otherwise than it should. */
export interface SoakGuest {
  readonly name: string;
  /** How often it is called, beside the others. */
  readonly weight: number;
  readonly call: () => Promise<void>;
}

/** Throws unless a call ends so; what the host is at fault for is thrown on. */
export async function endsWith(call: Promise<unknown>, expected: ErrorCode | "value"): Promise<void> {
  let code: string = "value";
  try {
    await call;
  } catch (thrown) {
    if (!(thrown instanceof CordonError) || thrown.code === "host") throw thrown;
    ({ code } = thrown);
  }
  if (code !== expected) throw new Error(`it ended with ${code} in place of ${expected}`);
}

/** Throws unless a call that is cancelled after a while ends for that. */
export async function isCancelled(afterMs: number, call: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
  const cancel = new AbortController();
  setTimeout(() => cancel.abort(), afterMs);
  await endsWith(call(cancel.signal), "cancelled");
}
