/** Where a guest's standard streams lead. The guest never has those of the host itself. */
export interface StdioOptions {
  /**
   * What the guest reads as its stdin, which it may only with the grant `stdin`; default nothing. Of an iterable no more is
   * taken than the guest asks for.
   */
  readonly stdin?: string | Uint8Array | AsyncIterable<Uint8Array> | undefined;
  /** Takes what the guest writes, as it comes. The guest waits while a returned promise is pending. */
  readonly stdout?: OutputSink | undefined;
  /** The same for its stderr. */
  readonly stderr?: OutputSink | undefined;
}

/** Takes a chunk of output, in bytes that nothing has looked at: a terminal must not get them as they are. */
export type OutputSink = (chunk: Uint8Array) => void | Promise<void>;

/** The embedder's end of a guest's standard streams, for one invocation. */
export class Stdio {
  readonly #options: StdioOptions;
  readonly #captured = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  readonly #capture: boolean;
  #stdin: AsyncIterator<Uint8Array> | undefined;
  #left: Uint8Array = new Uint8Array();
  #reading = false;

  /** @param capture Whether output is kept that no sink takes. The guest's limit bounds it. */
  constructor(options: StdioOptions, capture: boolean) {
    this.#options = options;
    this.#capture = capture;
  }

  /** Answers a host function that asks for a part of a stream, or hands one on; `undefined` for any other service. */
  answer(service: string, payload: unknown): Promise<unknown> | undefined {
    switch (service) {
      case "stdin":
        return this.#read(payload as number);
      case "stdout":
      case "stderr":
        return this.#write(service, payload as Uint8Array);
      default:
        return undefined;
    }
  }

  /** What was written and no sink took. */
  captured(stream: "stdout" | "stderr"): Uint8Array {
    const chunks = this.#captured[stream];
    return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
  }

  /** Lets go of the source of stdin. One that has a read to answer may never do so, and is not waited for. */
  async close(): Promise<void> {
    const returned = this.#stdin?.return?.();
    if (this.#reading) returned?.catch(() => undefined);
    else await returned;
  }

  async #write(stream: "stdout" | "stderr", chunk: Uint8Array): Promise<void> {
    const sink = this.#options[stream];
    if (sink !== undefined) await sink(chunk);
    else if (this.#capture) this.#captured[stream].push(chunk);
  }

  /** Up to `maxBytes` bytes, at least one unless the end is reached. */
  async #read(maxBytes: number): Promise<Uint8Array> {
    this.#stdin ??= source(this.#options.stdin);
    while (this.#left.length === 0) {
      this.#reading = true;
      const next = await this.#stdin.next().finally(() => {
        this.#reading = false;
      });
      if (next.done === true) return new Uint8Array();
      this.#left = next.value;
    }
    // A copy: what goes to another thread goes with all of its buffer, which for Node's may hold more than these bytes.
    const part = new Uint8Array(this.#left.subarray(0, maxBytes));
    this.#left = this.#left.subarray(maxBytes);
    return part;
  }
}

async function* source(stdin: StdioOptions["stdin"]): AsyncGenerator<Uint8Array, void> {
  if (stdin === undefined) return;
  if (typeof stdin === "string") yield new TextEncoder().encode(stdin);
  else if (ArrayBuffer.isView(stdin)) yield stdin;
  else yield* stdin;
}
