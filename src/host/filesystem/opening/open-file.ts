import { Wakeups } from "../../io/wakeups.ts";
import { FilesystemError } from "../wasi/error-code.ts";
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
  #revoked: string | undefined;
  #closed: (() => void) | undefined;
  /** Woken when it is closed before its holders close it. */
  readonly gone: Wakeups = new Wakeups();

  /** Takes over `fd` and `slot`. */
  constructor(fd: number, slot: OpenSlot) {
    this.#number = new OwnedNumber(fd);
    this.#slot = slot;
    slot.closeAtEnd(() => this.#close());
  }

  /** For a system call that is made at once. Fails with `EBADF` when the file was closed, and is denied when it was revoked. */
  get fd(): number {
    this.#assertNotRevoked();
    return this.#number.number;
  }

  /** Does what the system may go on with after the file is closed. */
  async during<T>(work: (fd: number) => Promise<T>): Promise<T> {
    this.#assertNotRevoked();
    return this.#number.during(work);
  }

  /** One more that holds it. Fails with `EBADF` when it was closed. */
  retain(): this {
    this.#assertNotRevoked();
    if (!this.open) throw systemError("EBADF");
    this.#holders += 1;
    return this;
  }

  /** Whether it was not closed. */
  get open(): boolean {
    return this.#holders > 0;
  }

  /** Closes it, whoever holds it; what they try with it is denied. */
  revoke(reason: string): void {
    if (!this.open) return;
    this.#revoked = reason;
    this.#close();
  }

  /** Has a function called when it is closed. */
  whenClosed(closed: () => void): void {
    this.#closed = closed;
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
    this.#closed?.();
    this.gone.wake();
    this.#number.close();
  }

  #assertNotRevoked(): void {
    if (this.#revoked !== undefined) throw FilesystemError.denied("not-permitted", this.#revoked);
  }
}
