import type { HostContext } from "../capability.ts";
import { CLOSED } from "../io/stream-steps.ts";
import type { OutputStream, StreamResult } from "../io/streams.ts";
import { Wakeups } from "../io/wakeups.ts";
import { ok } from "../text.ts";

/** The most that may be in flight to the embedder, in bytes: sent and not answered, or waiting for that answer. */
const MAX_UNDER_WAY_BYTES = 64 * 1024;

/** For a wait that nothing calls off: what it waits for comes at the end of the invocation at the latest. */
const NEVER = new AbortController().signal;

/** What an invocation has written to stdout and stderr together, in bytes. */
export interface OutputTotal {
  written: number;
}

/**
 * Stdout or stderr of one invocation. Chunks go to the embedder one at a time and in order; what is written meanwhile waits
 * and goes as one. The embedder's answer is what the guest waits for when it writes faster than that.
 */
export class StdioOutput {
  readonly #service: "stdout" | "stderr";
  readonly #ask: HostContext["ask"];
  readonly #total: OutputTotal;
  readonly #changed = new Wakeups();
  #waiting: Uint8Array[] = [];
  #underWay = 0;
  #sending = false;
  #flushing = false;
  #closed = false;

  constructor(service: "stdout" | "stderr", { ask }: HostContext, total: OutputTotal) {
    this.#service = service;
    this.#ask = ask;
    this.#total = total;
  }

  /** A stream for one handle of the guest; dropping it closes nothing. */
  stream(): OutputStream {
    return {
      kind: "output-stream",
      ready: () => this.#closed || this.#room() > 0,
      wait: (signal) => this.#changed.wait(signal),
      checkWrite: () => (this.#closed ? CLOSED : ok(this.#room())),
      write: (context, bytes) => this.#write(context, bytes),
      flush: () => this.#flush(),
      [Symbol.dispose]: () => undefined,
    };
  }

  /** Settles when nothing is in flight any more. */
  async drained(): Promise<void> {
    while (this.#sending) await this.#changed.wait(NEVER);
  }

  #room(): number {
    return this.#flushing ? 0 : MAX_UNDER_WAY_BYTES - this.#underWay;
  }

  #write({ limits, end }: HostContext, bytes: Uint8Array): StreamResult<void> {
    if (this.#closed) return CLOSED;
    if (bytes.length > this.#room())
      throw new Error(`Cannot write ${bytes.length} bytes to ${this.#service}: it is full`);
    const left = limits.maxStdoutBytes - this.#total.written;
    const fits = bytes.length <= left ? bytes : bytes.slice(0, Math.max(0, left));
    this.#total.written += fits.length;
    this.#underWay += fits.length;
    if (fits.length > 0) this.#waiting.push(fits);
    if (!this.#sending) void this.#send();
    if (fits.length === bytes.length) return ok(undefined);
    const cap = limits.maxStdoutBytes;
    return end({ kind: "limit", limit: "stdout-bytes", cap, message: `it wrote more than ${cap} bytes of output` });
  }

  #flush(): StreamResult<void> {
    if (this.#closed) return CLOSED;
    this.#flushing = this.#underWay > 0;
    return ok(undefined);
  }

  async #send(): Promise<void> {
    this.#sending = true;
    try {
      while (this.#waiting.length > 0) {
        const chunk = joined(this.#waiting);
        this.#waiting = [];
        const { length } = chunk;
        await this.#ask(this.#service, chunk);
        this.#underWay -= length;
        if (this.#underWay === 0) this.#flushing = false;
        if (this.#waiting.length > 0) this.#changed.wake();
      }
    } catch {
      // The embedder is gone, or wants no more: for the guest that is a closed pipe.
      this.#closed = true;
      this.#waiting = [];
    }
    this.#sending = false;
    this.#changed.wake();
  }
}

/** One array that holds these bytes and no others: what is sent to another thread is sent with all of its buffer. */
function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined && only.length === only.buffer.byteLength) return only;
  const all = new Uint8Array(chunks.reduce((sum, one) => sum + one.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    all.set(chunk, offset);
    offset += chunk.length;
  }
  return all;
}
