import type * as Crypto from "node:crypto";
import { setImmediate } from "node:timers/promises";
import type { WasmParts } from "./wasm-parts.ts";

/** How much is hashed before the event loop goes round, in bytes: some milliseconds of it. */
const BYTES_A_TURN = 4 * 1024 * 1024;

/**
 * The hash of each part of a file, as signatures have them: SHA-256 of everything from where what is signed begins to where the part ends.
 * The bytes must not change until it has settled.
 *
 * @throws The signal's reason, once it is aborted.
 */
export async function moduleHashes(
  bytes: Uint8Array,
  { start, ends }: WasmParts,
  signal?: AbortSignal,
): Promise<readonly Uint8Array[]> {
  const { createHash }: typeof Crypto = process.getBuiltinModule("node:crypto");
  const hash = createHash("sha256");
  const hashes: Uint8Array[] = [];
  let at = start;
  for (const end of ends) {
    while (at < end) {
      if (at - start >= BYTES_A_TURN) await setImmediate();
      signal?.throwIfAborted();
      const next = Math.min(end, at + BYTES_A_TURN);
      hash.update(bytes.subarray(at, next));
      at = next;
    }
    hashes.push(hash.copy().digest());
  }
  return hashes;
}
