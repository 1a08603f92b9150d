import { CLOSED } from "../../src/host/io/stream-steps.ts";
import type { InputStream, OutputStream, StreamError, StreamResult } from "../../src/host/io/streams.ts";
import { Wakeups } from "../../src/host/io/wakeups.ts";

/** An input stream of what a test puts into it. */
export class MemoryInput implements InputStream {
  readonly kind = "input-stream";
  readonly arrived: Wakeups = new Wakeups();
  /** The lengths that were asked for. */
  readonly asked: number[] = [];
  #bytes: Uint8Array = new Uint8Array(0);
  #end: StreamError | undefined;

  put(...bytes: readonly number[]): this {
    this.#bytes = Uint8Array.from([...this.#bytes, ...bytes]);
    this.arrived.wake();
    return this;
  }

  end(error: StreamError = { tag: "closed" }): this {
    this.#end = error;
    this.arrived.wake();
    return this;
  }

  ready(): boolean {
    return this.#bytes.length > 0 || this.#end !== undefined;
  }

  wait(signal: AbortSignal): Promise<void> {
    return this.arrived.wait(signal);
  }

  read(_context: unknown, length: number): StreamResult<Uint8Array> {
    this.asked.push(length);
    if (this.#bytes.length === 0 && this.#end !== undefined) return { tag: "err", val: this.#end };
    const val = this.#bytes.slice(0, length);
    this.#bytes = this.#bytes.slice(length);
    return { tag: "ok", val };
  }

  [Symbol.dispose](): void {
    this.end();
  }
}

/** An output stream with room for so many bytes, which the test takes out again. */
export class MemoryOutput implements OutputStream {
  readonly kind = "output-stream";
  readonly changed: Wakeups = new Wakeups();
  readonly #capacity: number;
  #held: number[] = [];
  #taken: number[] = [];
  #flushing = false;
  #end: StreamError | undefined;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Everything that was taken out so far. */
  get taken(): readonly number[] {
    return this.#taken;
  }

  /** What is in the buffer. */
  get held(): readonly number[] {
    return this.#held;
  }

  /** Takes bytes out; a flush is done when none are left. */
  take(count: number = Infinity): this {
    this.#taken.push(...this.#held.splice(0, count));
    if (this.#held.length === 0) this.#flushing = false;
    this.changed.wake();
    return this;
  }

  end(error: StreamError = { tag: "closed" }): this {
    this.#end = error;
    this.changed.wake();
    return this;
  }

  ready(): boolean {
    return this.#end !== undefined || (!this.#flushing && this.#held.length < this.#capacity);
  }

  wait(signal: AbortSignal): Promise<void> {
    return this.changed.wait(signal);
  }

  checkWrite(): StreamResult<number> {
    if (this.#end !== undefined) return { tag: "err", val: this.#end };
    return { tag: "ok", val: this.#flushing ? 0 : this.#capacity - this.#held.length };
  }

  write(_context: unknown, bytes: Uint8Array): StreamResult<void> {
    if (this.#end !== undefined) return CLOSED;
    this.#held.push(...bytes);
    if (this.#held.length > this.#capacity) throw new Error("written past the capacity");
    return { tag: "ok", val: undefined };
  }

  flush(): StreamResult<void> {
    if (this.#end !== undefined) return { tag: "err", val: this.#end };
    this.#flushing = this.#held.length > 0;
    return { tag: "ok", val: undefined };
  }

  [Symbol.dispose](): void {
    this.end();
  }
}
