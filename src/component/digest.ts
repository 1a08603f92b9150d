import { hashInTurns } from "../shared/hash-in-turns.ts";

/**
 * SHA-256 of a component's bytes, as `sha256:` and 64 hex digits.
 *
 * @throws The signal's reason, once it is aborted.
 */
export async function digestOf(bytes: Uint8Array, signal?: AbortSignal): Promise<string> {
  return `sha256:${(await hashInTurns(bytes, signal)).toString("hex")}`;
}
