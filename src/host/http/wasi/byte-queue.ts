import { Wakeups } from "../../io/wakeups.ts";
import { type ErrorCode, internalCode } from "./error-code.ts";
import type { FieldMap } from "./fields/field-map.ts";
import type { HeldBytes } from "./held-bytes.ts";

/** How a body ended. */
export type BodyEnding =
  /** Whole, with its trailers if it had any. */
  | { readonly kind: "end"; readonly trailers: FieldMap | undefined }
  | { readonly kind: "failed"; readonly code: ErrorCode };

/** What is waiting in a body before its writer has to wait, in bytes. */
export const BODY_BUFFER_BYTES: number = 64 * 1024;

/** Chunks below this are gathered into blocks, so that many small ones take no more memory than their bytes. */
const SMALL_CHUNK_BYTES = 4 * 1024;
const [FIRST_BLOCK_BYTES, MAX_BLOCK_BYTES] = [1024, 16 * 1024];

interface Chunk {
  readonly block: Uint8Array;
  start: number;
  end: number;
  /** Whether more may be written to the block behind `end`. */
  readonly gathers: boolean;
}

/** What a queue is bounded by. */
export interface ByteQueueBounds {
  readonly held: HeldBytes;
  /** The largest body, in bytes. */
  readonly maxBytes: number;
  /** What the body fails with when it would be larger. */
  readonly tooLarge: ErrorCode;
}

/** The bytes of one body on their way between a guest and an exchange, in either direction: one side writes, one reads. */
export class ByteQueue {
  /** Woken whenever bytes come or go, and at the end. */
  readonly changed: Wakeups = new Wakeups();
  readonly #bounds: ByteQueueBounds;
  #chunks: Chunk[] = [];
  #size = 0;
  #total = 0;
  #ending: BodyEnding | undefined;
  #abandoned = false;
  #discarding = false;

  constructor(bounds: ByteQueueBounds) {
    this.#bounds = bounds;
  }

  /** What waits to be read, in bytes. */
  get size(): number {
    return this.#size;
  }

  /** All that was ever written, in bytes. */
  get total(): number {
    return this.#total;
  }

  /** How much a writer should write now; it may write more, and should not. */
  get room(): number {
    return Math.max(0, BODY_BUFFER_BYTES - this.#size);
  }

  /** Set when nothing more will be written. What waits can still be read. */
  get ending(): BodyEnding | undefined {
    return this.#ending;
  }

  /** Whether the reader has gone: what is written leads nowhere. */
  get abandoned(): boolean {
    return this.#abandoned;
  }

  /** Whether a reader would find bytes or the ending. */
  get readable(): boolean {
    return this.#size > 0 || this.#ending !== undefined;
  }

  /** Takes bytes, the array included. Past a limit the body fails instead. */
  push(bytes: Uint8Array): void {
    if (this.#ending !== undefined || this.#abandoned || bytes.length === 0) return;
    if (this.#total + bytes.length > this.#bounds.maxBytes) {
      this.finish({ kind: "failed", code: this.#bounds.tooLarge });
      return;
    }
    if (!this.#discarding && !this.#bounds.held.take(bytes.length)) {
      this.finish({ kind: "failed", code: internalCode("too much of this program's HTTP bodies is waiting") });
      return;
    }
    this.#total += bytes.length;
    if (!this.#discarding) {
      this.#size += bytes.length;
      this.#keep(bytes);
    }
    this.changed.wake();
  }

  /** Up to `most` bytes; none when none are waiting. */
  take(most: number): Uint8Array {
    const [first] = this.#chunks;
    if (first === undefined || most <= 0) return new Uint8Array(0);
    const bytes = first.block.subarray(first.start, Math.min(first.end, first.start + most));
    first.start += bytes.length;
    if (first.start === first.end) this.#chunks.shift();
    this.#size -= bytes.length;
    this.#bounds.held.release(bytes.length);
    this.changed.wake();
    return bytes;
  }

  /** Ends the body. The first ending stands; trailers of a later one, and of one that nobody will read, are released. */
  finish(ending: BodyEnding): void {
    if (this.#ending !== undefined || this.#abandoned) {
      if (ending.kind === "end") ending.trailers?.release();
      return;
    }
    this.#ending = ending;
    this.changed.wake();
  }

  /** What waits is not read any more, and nothing more is written: the reader finds the failure. */
  revoke(code: ErrorCode): void {
    if (this.#abandoned) return;
    this.#clear();
    if (this.#ending?.kind === "end") this.#ending.trailers?.release();
    this.#ending = { kind: "failed", code };
    this.changed.wake();
  }

  /** The reader wants no more bytes, but the ending. */
  discard(): void {
    this.#discarding = true;
    this.#clear();
    this.changed.wake();
  }

  /** The reader has gone. */
  abandon(): void {
    if (this.#abandoned) return;
    this.#abandoned = true;
    this.#clear();
    if (this.#ending?.kind === "end") this.#ending.trailers?.release();
    this.changed.wake();
  }

  #clear(): void {
    this.#bounds.held.release(this.#size);
    this.#chunks = [];
    this.#size = 0;
  }

  #keep(bytes: Uint8Array): void {
    if (bytes.length >= SMALL_CHUNK_BYTES) {
      // A view of a much larger buffer would keep all of that.
      const isMost = bytes.length * 2 >= bytes.buffer.byteLength;
      const block = isMost ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) : new Uint8Array(bytes);
      this.#chunks.push({ block, start: 0, end: block.length, gathers: false });
      return;
    }
    let last = this.#chunks.at(-1);
    if (last === undefined || !last.gathers || last.block.length - last.end < bytes.length) {
      const size = Math.max(bytes.length, FIRST_BLOCK_BYTES, Math.min(this.#total, MAX_BLOCK_BYTES));
      last = { block: new Uint8Array(size), start: 0, end: 0, gathers: true };
      this.#chunks.push(last);
    }
    last.block.set(bytes, last.end);
    last.end += bytes.length;
  }
}
