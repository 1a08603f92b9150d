/** How many invocations are sent to a worker at once: the one that starts, and one that follows it. */
export const MAX_STARTING = 2;

/** What the worker says of what it starts, in memory that it shares. */
export interface StartSlots {
  /** The ticket of the invocation that was started last. */
  readonly started: number;
  /** Forbids the worker to start an invocation. There are {@link MAX_STARTING} places for that. */
  readonly revoke: (ticket: number, place: number) => void;
}

interface Sent {
  readonly ticket: number;
  hasStarted: boolean;
  /** Where it was revoked, if it was. */
  place: number | undefined;
}

/**
 * The invocations that a worker was sent and that have neither ended nor waited yet, in the order in which they were sent, which is the
 * order in which they start.
 */
export class StartingInvocations {
  readonly #slots: StartSlots;
  readonly #sent: Sent[] = [];

  constructor(slots: StartSlots) {
    this.#slots = slots;
  }

  get size(): number {
    return this.#sent.length;
  }

  /** Whether one of them was taken back, which the worker has yet to see. */
  get hasRevoked(): boolean {
    return this.#sent.some(({ place }) => place !== undefined);
  }

  tickets(): readonly number[] {
    return this.#sent.map(({ ticket }) => ticket);
  }

  has(ticket: number): boolean {
    return this.#sent.some((one) => one.ticket === ticket);
  }

  add(ticket: number): void {
    this.#sent.push({ ticket, hasStarted: false, place: undefined });
  }

  /** It has ended or waits: it has started, and so have those before it. */
  remove(ticket: number): boolean {
    const at = this.#sent.findIndex((one) => one.ticket === ticket);
    if (at < 0) return false;
    this.#noteStarted(at);
    this.#sent.splice(at, 1);
    return true;
  }

  /** Those that have not started, in their order. */
  notStarted(): readonly number[] {
    this.#readStarted();
    return this.#sent.filter(({ hasStarted }) => !hasStarted).map(({ ticket }) => ticket);
  }

  /** Whether an invocation of this worker has started: it has if it is none of these. */
  hasStarted(ticket: number): boolean {
    this.#readStarted();
    return this.#sent.find((one) => one.ticket === ticket)?.hasStarted !== false;
  }

  /**
   * Takes back an invocation that has not started; false when it has. The worker writes that it starts, then reads whether it may; here it
   * is the other way round. So one of the two sees the other's write. When both do, the worker does not start it, and says so: until
   * then it counts as started here.
   */
  revoke(ticket: number): boolean {
    if (this.hasStarted(ticket)) return false;
    const sent = this.#sent.find((one) => one.ticket === ticket);
    if (sent === undefined) return false;
    sent.place ??= this.#freePlace();
    this.#slots.revoke(ticket, sent.place);
    return !this.hasStarted(ticket);
  }

  #freePlace(): number {
    for (let place = 0; place < MAX_STARTING; place += 1) {
      if (!this.#sent.some((one) => one.place === place)) return place;
    }
    throw new Error("more invocations were sent at once than can be taken back");
  }

  #readStarted(): void {
    const { started } = this.#slots;
    this.#noteStarted(this.#sent.findIndex(({ ticket }) => ticket === started));
  }

  #noteStarted(last: number): void {
    for (const one of this.#sent.slice(0, last + 1)) one.hasStarted = true;
  }
}
