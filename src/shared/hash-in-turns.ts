import { nodeCrypto } from "./node-modules.ts";
import { setImmediate } from "node:timers/promises";

/** How much is hashed before the event loop goes round, in bytes: some milliseconds of it. */
const BYTES_A_TURN = 4 * 1024 * 1024;

/**
 * SHA-256 of bytes that may be many: the event loop goes round meanwhile, so that whoever waits for other things does not wait for this.
 * The bytes must not change until it has settled.
 *
 * @throws The signal's reason, once it is aborted.
 */
export async function hashInTurns(bytes: Uint8Array, signal?: AbortSignal): Promise<Buffer> {
  const hash = nodeCrypto().createHash("sha256");
  for (let at = 0; at < bytes.length; at += BYTES_A_TURN) {
    if (at > 0) await setImmediate();
    signal?.throwIfAborted();
    hash.update(bytes.subarray(at, at + BYTES_A_TURN));
  }
  return hash.digest();
}
