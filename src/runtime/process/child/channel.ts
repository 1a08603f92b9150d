import { decode, encode } from "../codec.ts";
import { framed, FrameReader } from "../frames.ts";
import type { FromProcess, ToProcess } from "../messages.ts";

/** The guest process's end of the channel. What comes is the parent's, which is trusted: it is not bounded, and not checked. */
export class Channel {
  readonly #write: (bytes: Buffer) => void;
  readonly #frames = new FrameReader(() => Infinity);

  /** @param write Writes all of the bytes before it returns. */
  constructor(write: (bytes: Buffer) => void) {
    this.#write = write;
  }

  /** @throws TypeError when the message holds what is no data. */
  send(message: FromProcess): void {
    for (const part of framed(encode(message))) this.#write(part);
  }

  *receive(chunk: Buffer): Generator<ToProcess, void> {
    for (const frame of this.#frames.push(chunk)) yield decode(frame, Infinity) as ToProcess;
  }
}
