import type { Endpoint } from "./socket-address.ts";

/** How many peers a socket remembers. The one not sent to for the longest time is forgotten for a new one. */
const MAX_PEERS = 1_024;

/** The peers that a guest sent datagrams to over a socket, and so may get answers of. */
export class UdpPeers {
  readonly #known = new Set<string>();

  /** Whether the guest has sent to it. */
  has(peer: Endpoint): boolean {
    return this.#known.has(keyOf(peer));
  }

  /** Forgets those that are not to be kept. */
  keep(wanted: (peer: Pick<Endpoint, "address" | "port">) => boolean): void {
    for (const key of this.#known) {
      const [address = "", port] = key.split(" ");
      if (!wanted({ address, port: Number(port) })) this.#known.delete(key);
    }
  }

  /** Remembers that the guest sent to it. */
  add(peer: Endpoint): void {
    const key = keyOf(peer);
    this.#known.delete(key);
    const [oldest] = this.#known;
    if (this.#known.size >= MAX_PEERS && oldest !== undefined) this.#known.delete(oldest);
    this.#known.add(key);
  }
}

/** Whether two endpoints are the same. */
export function isSame(left: Endpoint, right: Endpoint): boolean {
  return left.address === right.address && left.port === right.port;
}

function keyOf({ address, port }: Endpoint): string {
  return `${address} ${port}`;
}
