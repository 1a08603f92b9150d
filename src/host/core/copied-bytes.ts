import type { CoreGuest } from "./core-function.ts";

/**
 * Ends the guest when one crossing would copy more than it may.
 *
 * @param bytes What all of the call copies.
 */
export function chargeCrossing({ context }: Pick<CoreGuest, "context">, bytes: number): void {
  const cap = context.limits.maxCrossingBytes;
  if (bytes <= cap) return;
  const message = `it made the host copy more than ${cap} bytes at once`;
  context.end({ kind: "limit", limit: "host-memory", cap, message });
}

/** Text of the guest's, well-formed. @throws Error, which ends the guest, when it is not UTF-8. */
export function decodedText(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Error(`the module gave ${what} that is not valid UTF-8`);
  }
}
