/** What a guest writes, as a stream that is read as it comes. */
export interface OutputStream {
  readonly readable: ReadableStream<Uint8Array>;
  /** Takes a chunk; the guest waits until it is read. Rejects when nobody reads any more. */
  readonly write: (chunk: Uint8Array) => Promise<void>;
  /** There is no more. */
  readonly end: (failure?: unknown) => void;
}

/** A stream that holds one chunk at most. */
export function outputStream(): OutputStream {
  let wanted = Promise.withResolvers<void>();
  let isOver = false;
  let own: ReadableStreamDefaultController<Uint8Array> | undefined;
  const readable = new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        own = controller;
      },
      pull: () => wanted.resolve(),
      cancel: () => {
        isOver = true;
        wanted.resolve();
      },
    },
    { highWaterMark: 0 },
  );
  return {
    readable,
    write: async (chunk) => {
      await wanted.promise;
      if (isOver) throw new Error("nobody reads the output any more");
      wanted = Promise.withResolvers();
      own?.enqueue(chunk);
    },
    end: (failure) => {
      if (isOver) return;
      isOver = true;
      if (failure === undefined) own?.close();
      else own?.error(failure);
    },
  };
}
