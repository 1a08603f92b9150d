import { closeSync } from "node:fs";
import type { CountMeter } from "../metering/count-meter.ts";

/** An open file of the host, shared by a descriptor and its streams, and closed with the last of them. */
export class OpenFile {
  readonly fd: number;
  /** No more than the largest size it had while it was open, in bytes: what begins before it leaves no hole that was not charged. */
  reached = 0;
  readonly #meter: CountMeter;
  #holders = 1;

  /** Takes over `fd` and one count of `meter`. */
  constructor(fd: number, meter: CountMeter) {
    this.fd = fd;
    this.#meter = meter;
  }

  /** One more that holds it. */
  retain(): this {
    this.#holders += 1;
    return this;
  }

  /** Whether `fd` is still this file's. */
  get open(): boolean {
    return this.#holders > 0;
  }

  /** One less. Each holder calls this once. */
  [Symbol.dispose](): void {
    this.#holders -= 1;
    if (this.#holders !== 0) return;
    this.#meter.release();
    closeSync(this.fd);
  }
}
