import { neutralised, type Output } from "./terminal.ts";

/**
 * Takes what a guest writes, as it comes: as it is into a file or pipe, neutralised on a terminal. The guest waits for as long
 * as the stream does, and its own stream is closed when this one takes no more.
 */
export function guestOutput(stream: Output): (chunk: Uint8Array) => Promise<void> {
  // A character may be split between chunks; what is no UTF-8 is shown as a replacement.
  const decoder = new TextDecoder();
  return async (chunk) => {
    const data = stream.isTTY ? neutralised(decoder.decode(chunk, { stream: true })) : chunk;
    if (data.length > 0) await written(stream, data);
  };
}

/** Rejects when the stream fails; that is said where the stream is watched. */
function written(stream: Output, data: string | Uint8Array): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  stream.write(data, (error) => {
    if (error === null || error === undefined) resolve();
    else reject(error);
  });
  return promise;
}
