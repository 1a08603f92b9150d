import type { Readable } from "node:stream";
import type { ByteQueue } from "../byte-queue.ts";
import { HttpFailure, plainCode } from "../error-code.ts";

/**
 * A guest's body as undici takes one: nothing, bytes whose number is known when the guest has finished already, or chunks as
 * they come. undici sends the head with the first of those, and their end is awaited by it.
 */
export function requestBody(queue: ByteQueue | undefined, signal: AbortSignal): Buffer | Readable | null {
  if (queue === undefined) return null;
  if (queue.ending?.kind !== "end") {
    // undici takes any asynchronous iterable; its types do not say so.
    return chunks(queue, signal) as unknown as Readable;
  }
  const whole: Uint8Array[] = [];
  while (queue.size > 0) whole.push(queue.take(queue.size));
  return whole.length === 0 ? null : Buffer.concat(whole);
}

async function* chunks(queue: ByteQueue, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
  for (;;) {
    const chunk = queue.take(queue.size);
    if (chunk.length > 0) {
      yield chunk;
    } else if (queue.ending?.kind === "end") {
      return;
    } else if (queue.ending !== undefined) {
      throw new HttpFailure(queue.ending.code);
    } else if (queue.abandoned || signal.aborted) {
      throw new HttpFailure(plainCode("connection-terminated"));
    } else {
      await queue.changed.wait(signal);
    }
  }
}
