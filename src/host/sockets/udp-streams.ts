import { realmBytes } from "../io/realm-bytes.ts";
import type { Waitable } from "../io/streams.ts";
import { pacedWait } from "../io/paced-wait.ts";
import { type Endpoint, type IpSocketAddress, readEndpoint, showEndpoint, toSocketAddress } from "./socket-address.ts";
import { type ErrorCode, fail, type SocketResult, succeed } from "./socket-errors.ts";
import type { SocketSession } from "./socket-session.ts";
import { isSame } from "./udp-peers.ts";
import type { UdpPort } from "./udp-port.ts";

/** The most that UDP carries over IPv4 and over IPv6, in bytes. */
const MAX_DATAGRAM = { ipv4: 65_507, ipv6: 65_527 } as const;

/** The most datagrams that one call receives. */
const MAX_RESULTS = 64;

export interface IncomingDatagram {
  readonly data: Uint8Array;
  readonly remoteAddress: IpSocketAddress;
}

export interface OutgoingDatagram {
  readonly data: Uint8Array;
  readonly remoteAddress: IpSocketAddress | undefined;
}

/** What the streams need of the socket they belong to. */
export interface UdpStreamOwner {
  readonly session: SocketSession;
  readonly port: UdpPort;
  /** Whether a stream of this generation is one that the socket made last. */
  readonly isCurrent: (generation: number) => boolean;
  /** Whether the policy does not allow the socket any more. */
  readonly isRevoked: () => boolean;
  /** Checks, and records, whether the guest may send to an address. */
  readonly mayReach: (remote: Endpoint, action: string) => ErrorCode | undefined;
  /** A stream was dropped. */
  readonly release: () => void;
}

abstract class DatagramStream implements Waitable {
  protected readonly owner: UdpStreamOwner;
  readonly #generation: number;
  #disposed = false;

  constructor(owner: UdpStreamOwner, generation: number) {
    this.owner = owner;
    this.#generation = generation;
  }

  abstract ready(): boolean;
  abstract wait(signal: AbortSignal): Promise<void>;

  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.owner.release();
  }

  /** Whether nothing will come of it: the socket was given other streams, or the invocation ended. */
  protected get isStale(): boolean {
    return this.#disposed || !this.owner.port.isOpen || !this.owner.isCurrent(this.#generation);
  }

  /** What a stream of which nothing will come answers. */
  protected stale(): SocketResult<never> {
    return fail(this.owner.isRevoked() ? "access-denied" : "invalid-state");
  }

  /** The error that is to be reported, once. */
  protected takeError(): ErrorCode | undefined {
    const { error } = this.owner.port;
    this.owner.port.error = undefined;
    return error;
  }

  protected overQuota(action: string, limit: "maxReadBytes" | "maxWriteBytes"): SocketResult<never> {
    this.owner.session.observeQuota(action, showEndpoint("udp", this.owner.port.local), limit);
    return fail("access-denied");
  }
}

/** A `wasi:sockets/udp.incoming-datagram-stream`. Over the limit of bytes, `access-denied`. */
export class IncomingDatagramStream extends DatagramStream {
  receive(maxResults: bigint): SocketResult<readonly IncomingDatagram[]> {
    if (this.isStale) return this.stale();
    const { queue } = this.owner.port;
    const { read } = this.owner.session;
    const received: IncomingDatagram[] = [];
    const most = maxResults > BigInt(MAX_RESULTS) ? MAX_RESULTS : Number(maxResults);
    while (received.length < most && read.delayMs() === 0) {
      const next = queue.peek();
      if (next === undefined) break;
      if (!read.charge(next.data.length)) {
        if (received.length > 0) break;
        queue.shift();
        return this.overQuota("udp.receive", "maxReadBytes");
      }
      queue.shift();
      received.push({ data: next.data, remoteAddress: toSocketAddress(next.remote) });
    }
    if (received.length > 0 || most === 0) return succeed(received);
    const error = this.takeError();
    if (error !== undefined) return fail(error);
    return read.left <= 0 ? this.overQuota("udp.receive", "maxReadBytes") : succeed(received);
  }

  ready(): boolean {
    if (this.isStale || this.owner.port.error !== undefined || this.owner.session.read.left <= 0) return true;
    return !this.owner.port.queue.isEmpty && this.owner.session.read.delayMs() === 0;
  }

  wait(signal: AbortSignal): Promise<void> {
    const { port, session } = this.owner;
    return pacedWait(port.wakeups, signal, port.queue.isEmpty ? 0 : session.read.delayMs());
  }
}

/** A `wasi:sockets/udp.outgoing-datagram-stream`. Over the limit of bytes, `access-denied`. */
export class OutgoingDatagramStream extends DatagramStream {
  #permitted = 0;

  checkSend(): SocketResult<bigint> {
    this.#permitted = 0;
    if (this.isStale) return this.stale();
    const error = this.takeError();
    if (error !== undefined) return fail(error);
    const { write } = this.owner.session;
    if (write.left <= 0) return this.overQuota("udp.send", "maxWriteBytes");
    this.#permitted = write.delayMs() === 0 ? this.owner.port.room : 0;
    return succeed(BigInt(this.#permitted));
  }

  /** Traps on more datagrams than the last {@link checkSend} permitted. */
  send(datagrams: readonly OutgoingDatagram[]): SocketResult<bigint> {
    if (datagrams.length > this.#permitted) {
      throw new Error(`Cannot send ${datagrams.length} datagrams: check-send permitted ${this.#permitted}`);
    }
    this.#permitted = 0;
    if (this.isStale) return this.stale();
    let sent = 0;
    for (; sent < datagrams.length; sent += 1) {
      const datagram = datagrams[sent];
      const refusal = datagram === undefined ? "invalid-argument" : this.#send(datagram);
      if (refusal === undefined) continue;
      if (sent > 0 || refusal === "would-block") break;
      return fail(refusal);
    }
    return succeed(BigInt(sent));
  }

  ready(): boolean {
    const { port, session } = this.owner;
    if (this.isStale || port.error !== undefined || session.write.left <= 0) return true;
    return port.room > 0 && session.write.delayMs() === 0;
  }

  wait(signal: AbortSignal): Promise<void> {
    return pacedWait(this.owner.port.wakeups, signal, this.owner.session.write.delayMs());
  }

  #send({ data: given, remoteAddress }: OutgoingDatagram): ErrorCode | undefined {
    const { port, session } = this.owner;
    const remote = this.#remote(remoteAddress);
    if (typeof remote === "string") return remote;
    const data = realmBytes(given);
    if (data.length > MAX_DATAGRAM[remote.family]) return "datagram-too-large";
    const refusal = port.remote === undefined ? this.owner.mayReach(remote, "udp.send") : undefined;
    if (refusal !== undefined) return refusal;
    if (session.write.delayMs() > 0) return "would-block";
    if (!session.write.charge(data.length)) {
      this.overQuota("udp.send", "maxWriteBytes");
      return "access-denied";
    }
    port.send(data, remote);
    return undefined;
  }

  #remote(named: IpSocketAddress | undefined): Endpoint | ErrorCode {
    const { port } = this.owner;
    if (named === undefined) return port.remote ?? "invalid-argument";
    const remote = readRemote(named, port);
    if (typeof remote === "string" || port.remote === undefined) return remote;
    return isSame(port.remote, remote) ? remote : "invalid-argument";
  }
}

/** Reads an address that datagrams are to be sent to. */
export function readRemote(named: IpSocketAddress, { local }: Pick<UdpPort, "local">): Endpoint | ErrorCode {
  const remote = readEndpoint(named, local.family);
  if (typeof remote === "string") return remote;
  return remote.port === 0 || remote.address === "0.0.0.0" || remote.address === "::" ? "invalid-argument" : remote;
}
