/** Below this an instance is left to the collections that JavaScript objects bring about, one in less than a hundred calls, in bytes. */
const LIGHT_BYTES = 4 * 2 ** 20;

/** What stands for the memories of instances that have ended, for as long as the instances are there. */
const weights = new WeakMap<WebAssembly.Instance, ArrayBuffer>();

/**
 * Reports to V8 what the memories of an instance hold that is needed no longer. From V8 14 on it does not count what linear memories
 * grew to when it decides whether to collect garbage: 200 calls of 64 MiB, one after the other, kept 13 GiB. Array buffers it
 * counts, also one that nobody ever writes to and that takes address space only.
 *
 * @param bytes What they hold together.
 */
export function addWeight(instance: WebAssembly.Instance, bytes: number): void {
  if (bytes < LIGHT_BYTES) return;
  try {
    // Resizable: what is not is cleared by being written to when it is small enough for malloc.
    weights.set(instance, new ArrayBuffer(bytes, { maxByteLength: bytes }));
  } catch {
    // Without address space left the weight is missing, and nothing else.
  }
}
