import type { OpenSlot } from "./open-slot.ts";
import { systemError } from "../folders/held-folder.ts";
import { OwnedNumber } from "./owned-number.ts";

/**
 * An open file of the host, shared by a descriptor and its streams. Closed with the last of them, and when the invocation ends,
 * whoever holds it then.
 */
export class OpenFile {
  /** No more than the largest size it had while it was open, in bytes: what begins before it leaves no hole that was not charged. */
  reached = 0;
  readonly #number: OwnedNumber;
  readonly #slot: OpenSlot;
  #holders = 1;

  /** Takes over `fd` and `slot`. */
  constructor(fd: number, slot: OpenSlot) {
    this.#number = new OwnedNumber(fd);
    this.#slot = slot;
    slot.closeAtEnd(() => this.#close());
  }

  /** For a system call that is made at once. Fails with `EBADF` when the file was closed. */
  get fd(): number {
    return this.#number.number;
  }

  /** Does what the system may go on with after the file is closed. */
  during<T>(work: (fd: number) => Promise<T>): Promise<T> {
    return this.#number.during(work);
  }

  /** One more that holds it. Fails with `EBADF` when it was closed. */
  retain(): this {
    if (!this.open) throw systemError("EBADF");
    this.#holders += 1;
    return this;
  }

  /** Whether it was not closed. */
  get open(): boolean {
    return this.#holders > 0;
  }

  /** One less. Each holder calls this once. */
  [Symbol.dispose](): void {
    if (!this.open) return;
    this.#holders -= 1;
    if (this.#holders === 0) this.#close();
  }

  #close(): void {
    this.#holders = 0;
    this.#slot.release();
    this.#number.close();
  }
}
