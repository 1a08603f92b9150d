import type { HostContext } from "../capability.ts";
import { perInvocation } from "../per-invocation.ts";

/** What is smaller is cheaper to copy. In bytes. */
const LEAST_BYTES = 64 * 1024;

/** The size of the block that is used again, in bytes: what one read of a stream moves at most. */
const BLOCK_BYTES = 1024 * 1024;

/** The blocks that were made here, and belong to whoever has the bytes. */
const blocks = new WeakSet<ArrayBuffer>();

/** The block an invocation has left, for its next read: memory that was never touched costs more than reading a file into it. */
const spare = perInvocation((): { block: ArrayBuffer | undefined } => ({ block: undefined }));

/**
 * Memory for bytes that are about to be read for a guest. From 64 KiB on it is a block of its own that is handed on to the
 * guest's realm without a copy: so nothing is in it, before and behind the bytes, but zeroes and what the same invocation read
 * before.
 */
export function bytesToFill(context: HostContext, length: number): Uint8Array {
  if (length < LEAST_BYTES) return Buffer.allocUnsafeSlow(length);
  if (length > BLOCK_BYTES) return viewOf(new ArrayBuffer(length), length);
  const state = spare(context);
  const block = state.block ?? new ArrayBuffer(BLOCK_BYTES);
  state.block = undefined;
  return viewOf(block, length);
}

function viewOf(block: ArrayBuffer, length: number): Uint8Array {
  blocks.add(block);
  return new Uint8Array(block, 0, length);
}

/** Whether bytes lie in a block that goes with them: whoever has them may take its memory away. */
export function isMovable(bytes: Uint8Array): boolean {
  return bytes.byteLength > 0 && blocks.has(bytes.buffer as ArrayBuffer);
}

// The methods of this realm: a block comes back from another, where they may have been changed.
const { get: isDetached } = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "detached") as {
  readonly get: () => boolean;
};
const { value: transfer } = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "transfer") as {
  readonly value: () => ArrayBuffer;
};

/**
 * Takes a block back that was handed on, out of the hands of whoever still has it, for the next read of the same invocation.
 *
 * @param block May be of another realm, and may have been taken away from there.
 */
export function takeBack(context: HostContext, block: ArrayBuffer): void {
  if (Reflect.apply(isDetached, block, [])) return;
  const own = Reflect.apply(transfer, block, []);
  if (own.byteLength === BLOCK_BYTES) spare(context).block = own;
}

/** Lets go of the block that is left, when the invocation is not going to read for a while. */
export function dropSpare(context: HostContext): void {
  const state = spare.ifMade(context);
  if (state !== undefined) state.block = undefined;
}
