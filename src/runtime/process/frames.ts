import { CordonError } from "../../shared/errors.ts";

/** In front of every message: its length in bytes, u32 LE. */
const HEAD_BYTES = 4;

/** Puts the length in front of a message, which may come in parts. */
export function framed(...message: readonly Buffer[]): readonly Buffer[] {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32LE(message.reduce((total, { length }) => total + length, 0));
  return [head, ...message];
}

/** Cuts a stream of bytes into messages. Holds no more than one message that is not whole, and never one over the bound. */
export class FrameReader {
  readonly #maxBytes: () => number;
  #parts: Buffer[] = [];
  #held = 0;
  /** How long the message is that has begun, its head left out; `undefined` before that is known. */
  #length: number | undefined;

  /** @param maxBytes How long a message may be that begins now. */
  constructor(maxBytes: () => number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Takes what came, and gives the messages that are whole with it.
   *
   * @throws CordonError `host` when one says that it is longer than it may be.
   */
  *push(chunk: Buffer): Generator<Buffer, void> {
    this.#parts.push(chunk);
    this.#held += chunk.length;
    for (;;) {
      if (this.#length === undefined) {
        if (this.#held < HEAD_BYTES) return;
        this.#length = this.#take(HEAD_BYTES).readUInt32LE();
        const cap = this.#maxBytes();
        if (this.#length > cap) {
          throw new CordonError("host", `Cannot read a message of a guest process: it is longer than ${cap} bytes`);
        }
      }
      if (this.#held < this.#length) return;
      const message = this.#take(this.#length);
      this.#length = undefined;
      yield message;
    }
  }

  #take(length: number): Buffer {
    const first = this.#parts[0] ?? Buffer.alloc(0);
    const whole = first.length >= length ? first : Buffer.concat(this.#parts);
    const rest = whole.subarray(length);
    this.#held -= length;
    if (whole === first) {
      if (rest.length > 0) this.#parts[0] = rest;
      else this.#parts.shift();
    } else {
      this.#parts = rest.length > 0 ? [rest] : [];
    }
    return whole.subarray(0, length);
  }
}
