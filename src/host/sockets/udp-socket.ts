import type { Decision } from "../../policy/decision.ts";
import { closeAtEnd } from "../close-at-end.ts";
import { underPolicy } from "../under-policy.ts";
import type { Waitable } from "../io/streams.ts";
import { checkSocketAddress } from "../net/check.ts";
import { checkBind } from "./check.ts";
import {
  type Endpoint,
  type IpAddressFamily,
  type IpSocketAddress,
  readEndpoint,
  showEndpoint,
  toSocketAddress,
} from "./socket-address.ts";
import { type ErrorCode, fail, type SocketResult, succeed } from "./socket-errors.ts";
import type { SocketSession } from "./socket-session.ts";
import { UdpPeers } from "./udp-peers.ts";
import { type UdpOptions, UdpPort } from "./udp-port.ts";
import { IncomingDatagramStream, OutgoingDatagramStream, readRemote } from "./udp-streams.ts";

/** What `stream` gives. */
export type UdpStreams = readonly [IncomingDatagramStream, OutgoingDatagramStream];

/**
 * A `wasi:sockets/udp.udp-socket`. Every address is checked before a datagram is sent to it. The socket of the operating system
 * is closed when this one and the streams it gave are dropped, and when the invocation ends.
 */
export class UdpSocket implements Waitable {
  readonly family: IpAddressFamily;
  readonly options: UdpOptions = { hopLimit: 64, receiveBuffer: 128 * 1024, sendBuffer: 128 * 1024 };
  readonly #session: SocketSession;
  #forget: (() => void) | undefined;
  /** Peers whose check was recorded, so that each is once. */
  readonly #recorded = new UdpPeers();
  #port: UdpPort | undefined;
  #isBound = false;
  #generation = 0;
  #holders = 1;
  #disposed = false;
  #isClosed = false;
  #isRevoked = false;
  #forgetPolicy: (() => void) | undefined;

  /** @param session has counted the socket */
  constructor(session: SocketSession, family: IpAddressFamily) {
    this.#session = session;
    this.family = family;
    this.#forget = closeAtEnd(session.context, () => this.#close());
    const label = (): string => (this.#port === undefined ? "udp" : showEndpoint("udp", this.#port.asked));
    this.#forgetPolicy = underPolicy(session.context, {
      eventType: "NetworkAccess",
      action: "udp.close",
      get resource() {
        return label();
      },
      recheck: () => this.#recheck(),
      revoke: () => {
        this.#isRevoked = true;
        this.#close();
      },
    });
  }

  startBind(named: IpSocketAddress): SocketResult<void> {
    if (this.#isRevoked) return fail("access-denied");
    // What it bound now would not be closed.
    if (this.#isClosed) return fail("invalid-state");
    if (this.#port !== undefined) return fail(this.#isBound ? "invalid-state" : "concurrency-conflict");
    const local = readEndpoint(named, this.family);
    if (typeof local === "string") return fail(local);
    const { decision, listen } = checkBind(this.#session.context.grants, "udp", local);
    const resource = showEndpoint("udp", local);
    if (this.#session.denies("udp.start-bind", resource, decision)) return fail("access-denied");
    this.#session.uses("udp.start-bind", resource, {
      kind: "bind",
      scheme: "udp",
      address: local.address,
      port: local.port,
      listens: false,
    });
    const port = UdpPort.bind(this.#session, local, listen, this.options);
    if (typeof port === "string") {
      this.#session.observe("udp.start-bind", resource, "Error", port);
      return fail(port);
    }
    this.#session.observe("udp.start-bind", resource, "Allowed");
    this.#port = port;
    return succeed(undefined);
  }

  finishBind(): SocketResult<void> {
    if (this.#port === undefined || this.#isBound) return fail("not-in-progress");
    this.#isBound = true;
    return succeed(undefined);
  }

  /** Makes the streams of an earlier call useless: they answer `invalid-state`. */
  stream(named: IpSocketAddress | undefined): SocketResult<UdpStreams> {
    if (this.#isRevoked) return fail("access-denied");
    const port = this.#port;
    if (port === undefined || !this.#isBound || !port.isOpen) return fail("invalid-state");
    const remote = named === undefined ? undefined : readRemote(named, port);
    if (typeof remote === "string") return fail(remote);
    const refusal = remote === undefined ? undefined : this.#mayReach(remote, "udp.stream");
    if (refusal !== undefined) return fail(refusal);
    this.#generation += 1;
    const failure = port.connect(remote);
    if (failure !== undefined) return fail(failure);
    this.#holders += 2;
    const owner = {
      session: this.#session,
      port,
      isRevoked: () => this.#isRevoked,
      isCurrent: (generation: number) => generation === this.#generation,
      mayReach: (to: Endpoint, action: string) => this.#mayReach(to, action),
      release: () => this.#release(),
    };
    return succeed([
      new IncomingDatagramStream(owner, this.#generation),
      new OutgoingDatagramStream(owner, this.#generation),
    ]);
  }

  localAddress(): SocketResult<IpSocketAddress> {
    if (this.#port === undefined || !this.#isBound || !this.#port.isOpen) return fail("invalid-state");
    return succeed(toSocketAddress(this.#port.local));
  }

  remoteAddress(): SocketResult<IpSocketAddress> {
    const remote = this.#port?.remote;
    return remote === undefined ? fail("invalid-state") : succeed(toSocketAddress(remote));
  }

  /** Passes options that were changed on to what is open. */
  applyOptions(): void {
    if (this.#port?.isOpen === true) this.#port.apply(this.options);
  }

  /** Nothing that a socket itself does has to be waited for. */
  ready(): boolean {
    return true;
  }

  wait(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#release();
  }

  #mayReach(remote: Endpoint, action: string): ErrorCode | undefined {
    const decision = this.#decisionOn(remote);
    if (this.#session.denies(action, showEndpoint("udp", remote), decision)) return "access-denied";
    if (!this.#recorded.has(remote)) {
      this.#session.uses(action, showEndpoint("udp", remote), {
        kind: "socket",
        scheme: "udp",
        address: remote.address,
        port: remote.port,
        names: this.#session.namesOf(remote.address),
      });
    }
    if (!this.#recorded.has(remote)) this.#session.observe(action, showEndpoint("udp", remote), "Allowed");
    this.#recorded.add(remote);
    return undefined;
  }

  #decisionOn({ address, port }: Pick<Endpoint, "address" | "port">): Decision {
    const names = this.#session.namesOf(address);
    const { network } = this.#session.context.grants;
    return checkSocketAddress(network, { scheme: "udp", address, port, names });
  }

  /** Why the policy does not allow it to go on. */
  #recheck(): string | undefined {
    const port = this.#port;
    if (port === undefined || !port.isOpen) return undefined;
    const { decision, listen } = checkBind(this.#session.context.grants, "udp", port.asked);
    if (!decision.allowed) return decision.reason;
    const reach = port.remote === undefined ? decision : this.#decisionOn(port.remote);
    if (!reach.allowed) return reach.reason;
    port.narrow(listen.allowed, (peer) => this.#decisionOn(peer).allowed);
    return undefined;
  }

  #release(): void {
    this.#holders -= 1;
    if (this.#holders === 0) this.#close();
  }

  #close(): void {
    this.#forget?.();
    this.#forgetPolicy?.();
    this.#port?.close();
    if (!this.#isClosed) this.#session.context.meters.sockets.release();
    this.#isClosed = true;
  }
}
