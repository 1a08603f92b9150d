import type { Socket } from "node:dgram";
import type { Decision } from "../../policy/decision.ts";
import { Wakeups } from "../io/wakeups.ts";
import { nodeDgram } from "../../shared/node-modules.ts";
import { type Endpoint, endpointOf } from "./socket-address.ts";
import { type ErrorCode, errorCodeOf } from "./socket-errors.ts";
import type { SocketSession } from "./socket-session.ts";
import { DatagramQueue } from "./udp-queue.ts";
import { isSame, UdpPeers } from "./udp-peers.ts";

/** Sends that the operating system has not finished, for each socket. */
const MAX_SENDING = 16;

/** The options of a UDP socket. */
export interface UdpOptions {
  /** From 1 to 255. */
  hopLimit: number;
  /** In bytes. */
  receiveBuffer: number;
  /** In bytes. */
  sendBuffer: number;
}

/**
 * A bound UDP socket of the operating system. What comes in is kept only when it is of the peer the socket is connected to, of a
 * peer the guest has sent to, or of anyone where the guest may listen.
 */
export class UdpPort {
  readonly wakeups: Wakeups = new Wakeups();
  readonly queue: DatagramQueue = new DatagramQueue();
  readonly peers: UdpPeers = new UdpPeers();
  /** How an earlier operation failed, which the next one returns. */
  error: ErrorCode | undefined;
  #remote: Endpoint | undefined;
  #sending = 0;
  #isOpen = true;
  readonly #socket: Socket;
  readonly #session: SocketSession;
  #listens: boolean;
  /** Where it was to be bound. */
  readonly asked: Endpoint;

  private constructor(session: SocketSession, socket: Socket, asked: Endpoint, listens: boolean) {
    this.asked = asked;
    this.#session = session;
    this.#socket = socket;
    this.#listens = listens;
    socket.on("error", (error) => this.#failed(errorCodeOf(error)));
    socket.on("message", (data, { address, port }) => this.#arrived(data, address, port));
  }

  /** Binds a socket, or says why the operating system did not. An IPv6 socket takes no IPv4 datagrams. */
  static bind(session: SocketSession, local: Endpoint, listen: Decision, options: UdpOptions): UdpPort | ErrorCode {
    const isIpv6 = local.family === "ipv6";
    const socket = nodeDgram().createSocket({
      type: isIpv6 ? "udp6" : "udp4",
      ipv6Only: isIpv6,
      // Every address is one already. Answered at once, a socket is bound and connected when the call returns.
      lookup: (address, _options, callback) => callback(null, address, isIpv6 ? 6 : 4),
    });
    const port = new UdpPort(session, socket, local, listen.allowed);
    try {
      socket.bind({ address: local.address, port: local.port, exclusive: true });
      if (port.error === undefined) port.apply(options);
    } catch (error) {
      port.error ??= errorCodeOf(error);
    }
    if (port.error === undefined) return port;
    port.close();
    return port.error;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Where it is bound. */
  get local(): Endpoint {
    const { address, port } = this.#socket.address();
    return endpointOf(address, port);
  }

  /** The only peer, if there is one. */
  get remote(): Endpoint | undefined {
    return this.#remote;
  }

  /** How many datagrams may be sent before one of those that are on their way is gone. */
  get room(): number {
    return MAX_SENDING - this.#sending;
  }

  /** Sets the options that the operating system takes. */
  apply({ hopLimit, receiveBuffer, sendBuffer }: UdpOptions): void {
    this.#socket.setTTL(hopLimit);
    this.#socket.setRecvBufferSize(receiveBuffer);
    this.#socket.setSendBufferSize(sendBuffer);
  }

  /** Makes `remote` the only peer, or ends that there is one; drops what has come of others. */
  connect(remote: Endpoint | undefined): ErrorCode | undefined {
    if (this.#remote !== undefined) this.#socket.disconnect();
    this.#remote = undefined;
    this.error = undefined;
    if (remote !== undefined) {
      try {
        this.#socket.connect(remote.port, remote.address);
        // Throws when the call above did not connect it; why it did not comes with an event.
        this.#socket.remoteAddress();
      } catch {
        return "remote-unreachable";
      }
      this.#remote = remote;
    }
    this.queue.keep(({ remote }) => this.#wants(remote));
    return undefined;
  }

  /** Whether it takes datagrams of anyone from now on, and of which peers; drops what has come of others. */
  narrow(listens: boolean, mayReach: (peer: Pick<Endpoint, "address" | "port">) => boolean): void {
    this.#listens = listens;
    this.peers.keep(mayReach);
    this.queue.keep(({ remote }) => this.#wants(remote));
  }

  /** Sends a datagram to an address that was checked; what goes wrong is reported later. */
  send(data: Uint8Array, to: Endpoint): void {
    this.#sending += 1;
    this.peers.add(to);
    const sent = (error: Error | null): void => {
      this.#sending -= 1;
      if (error === null) this.wakeups.wake();
      else this.#failed(errorCodeOf(error));
    };
    if (this.#remote === undefined) this.#socket.send(data, to.port, to.address, sent);
    else this.#socket.send(data, sent);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#socket.close();
    this.wakeups.wake();
  }

  #failed(code: ErrorCode): void {
    this.error ??= code;
    this.wakeups.wake();
  }

  #arrived(data: Uint8Array, address: string, port: number): void {
    const remote = endpointOf(address, port);
    if (!this.#wants(remote) || this.#session.read.left <= 0) return;
    this.queue.push({ data: new Uint8Array(data), remote });
    this.wakeups.wake();
  }

  #wants(remote: Endpoint): boolean {
    if (this.#remote !== undefined) return isSame(this.#remote, remote);
    return this.#listens || this.peers.has(remote);
  }
}
