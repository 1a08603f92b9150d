import { trap } from "./trap.ts";

/**
 * A linear memory as the Canonical ABI reads and writes it. The engine detaches the buffer whenever the memory grows, so
 * {@link refresh} is called wherever the guest's code may have run since.
 */
export class MemoryAccess {
  readonly #memory: WebAssembly.Memory;
  #buffer: ArrayBufferLike;
  bytes: Uint8Array;
  view: DataView;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
    this.#buffer = memory.buffer;
    this.bytes = new Uint8Array(this.#buffer);
    this.view = new DataView(this.#buffer);
  }

  /** Takes the memory as it is now. */
  refresh(): void {
    const { buffer } = this.#memory;
    if (buffer === this.#buffer) return;
    this.#buffer = buffer;
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
  }

  /** Traps unless `length` bytes lie in the memory from `at` on, which is aligned. */
  check(at: number, length: number, align: number): void {
    if (at % align !== 0) trap(`passed an address that is not aligned to ${align} bytes`);
    if (at + length > this.bytes.length) trap("passed an address that is not within its memory");
  }
}
