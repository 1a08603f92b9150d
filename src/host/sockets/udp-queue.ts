import type { Endpoint } from "./socket-address.ts";

/** A datagram that came in. */
export interface Datagram {
  readonly data: Uint8Array;
  readonly remote: Endpoint;
}

/** How many datagrams wait for the guest, for each socket. */
const MAX_DATAGRAMS = 128;
/** How many bytes they hold together. */
const MAX_BYTES = 256 * 1024;
/** What a datagram costs beside its data, in bytes. */
const DATAGRAM_COST = 256;

/** Datagrams that came in and were not received yet. What does not fit is dropped, as systems do. */
export class DatagramQueue {
  #waiting: Datagram[] = [];
  #bytes = 0;

  /** Whether there is none. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Adds one, or drops it. */
  push(datagram: Datagram): void {
    const cost = costOf(datagram);
    if (this.#waiting.length >= MAX_DATAGRAMS || this.#bytes + cost > MAX_BYTES) return;
    this.#bytes += cost;
    this.#waiting.push(datagram);
  }

  /** The one that came first, left where it is. */
  peek(): Datagram | undefined {
    return this.#waiting[0];
  }

  /** Takes the one that came first. */
  shift(): void {
    const first = this.#waiting.shift();
    if (first !== undefined) this.#bytes -= costOf(first);
  }

  /** Drops what is not to be kept. */
  keep(wanted: (datagram: Datagram) => boolean): void {
    this.#waiting = this.#waiting.filter(wanted);
    this.#bytes = this.#waiting.reduce((sum, datagram) => sum + costOf(datagram), 0);
  }
}

function costOf({ data }: Datagram): number {
  return data.length + DATAGRAM_COST;
}
