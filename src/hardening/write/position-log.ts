import { ByteWriter } from "./byte-writer.ts";

/**
 * Notes, while the bodies of a code section are written anew, what of the old ones stands where in the new ones. One is made for each pass
 * over the section, and only where somebody is going to ask: see `encode-positions.ts`.
 */
export class PositionLog {
  readonly #entries: ByteWriter = new ByteWriter(1024);
  #bodyAt = 0;
  #written = 0;
  #source = 0;

  /** Begins the next body, in the order of the section. One of which nothing is noted was copied as it is. */
  begin(): void {
    this.#bodyAt = this.#entries.beginSized();
    this.#written = 0;
    this.#source = 0;
  }

  /** Ends it. */
  end(): void {
    this.#entries.endSized(this.#bodyAt);
  }

  /**
   * That bytes from `source` on stand at `written`, both counted from where their bodies begin. What is written after them, up to what is
   * noted next, is for the instruction that follows them: it was added before that, or is there in its place.
   */
  note(written: number, source: number, length: number): void {
    this.#entries.u32(written - this.#written);
    this.#entries.signed(source - this.#source);
    this.#entries.u32(length);
    this.#written = written;
    this.#source = source;
  }

  /** What was noted of all bodies, each with its size in front. */
  view(): Uint8Array {
    return this.#entries.view();
  }
}
