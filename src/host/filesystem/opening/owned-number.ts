import { closeSync } from "node:fs";
import { systemError } from "../folders/held-folder.ts";

/**
 * The number of an open file of the system's, known only while it is open. Numbers are those of the whole process: the next file
 * that anybody opens gets the one that was closed, so whoever used it still would read and write that file.
 */
export class OwnedNumber {
  #number: number | undefined;
  /** Operations that the system works on, in threads of its own. */
  #pending = 0;

  /** Takes over `fd`. */
  constructor(fd: number) {
    this.#number = fd;
  }

  /** For a system call that is made at once. Fails with `EBADF` when it was closed. */
  get number(): number {
    if (this.#number === undefined) throw systemError("EBADF");
    return this.#number;
  }

  /** Does what may go on after it is closed: the system keeps the number until that has ended. */
  async during<T>(work: (fd: number) => Promise<T>): Promise<T> {
    const fd = this.number;
    this.#pending += 1;
    try {
      return await work(fd);
    } finally {
      this.#pending -= 1;
      if (this.#pending === 0 && this.#number === undefined) closeSync(fd);
    }
  }

  /** Hands it over to a new owner. Nothing may be under way. */
  move(): OwnedNumber {
    const fd = this.number;
    this.#number = undefined;
    return new OwnedNumber(fd);
  }

  /** Nothing reaches the number any more. Does nothing the second time. */
  close(): void {
    const fd = this.#number;
    this.#number = undefined;
    if (fd !== undefined && this.#pending === 0) closeSync(fd);
  }
}
