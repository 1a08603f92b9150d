import type { ByteMeter } from "../metering/byte-meter.ts";

/**
 * A byte meter for what cannot be cut: a datagram, or bytes that a stream has promised to take. Such a charge may pass what
 * the rate allows at the moment; the rest is owed, and nothing more is granted until it is paid. One meter serves all the
 * sockets of an invocation, so a debt does not go away with its socket.
 */
export class PacedMeter {
  readonly #meter: ByteMeter;
  readonly #perSecond: number;
  #owed = 0;

  /** @param perSecond the rate of `meter`, in bytes per second */
  constructor(meter: ByteMeter, perSecond: number) {
    this.#meter = meter;
    this.#perSecond = perSecond;
  }

  /** What the total still allows, in bytes. */
  get left(): number {
    return this.#meter.total - this.#meter.used - this.#owed;
  }

  /** Charges all of `bytes`, or nothing and returns `false` when the total does not allow that many. */
  charge(bytes: number): boolean {
    if (bytes > this.left) return false;
    this.#owed += bytes;
    this.#pay();
    return true;
  }

  /** Charges up to `wanted` bytes and returns how many. */
  take(wanted: number): number {
    return this.#pay() ? this.#meter.take(wanted) : 0;
  }

  /** How many bytes {@link take} would grant now. */
  available(wanted: number): number {
    const granted = this.take(wanted);
    this.#meter.refund(granted);
    return granted;
  }

  /** Takes back what was charged and not moved. */
  refund(bytes: number): void {
    this.#meter.refund(bytes);
  }

  /**
   * Milliseconds until bytes may be granted again; 0 when they are now, and when the total is used up and they never will be. A
   * second at most, since a meter saves up no more than that to pay with.
   */
  delayMs(): number {
    if (this.left <= 0) return 0;
    if (this.#pay()) return this.#meter.delayMs();
    return Math.min(1_000, Math.max(this.#meter.delayMs(), Math.ceil((this.#owed * 1_000) / this.#perSecond)));
  }

  #pay(): boolean {
    if (this.#owed > 0) this.#owed -= this.#meter.take(this.#owed);
    return this.#owed === 0;
  }
}
