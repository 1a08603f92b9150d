import type { Socket } from "node:net";
import { closeAtEnd } from "../close-at-end.ts";
import type { Decision } from "../../policy/decision.ts";
import type { Waitable } from "../io/streams.ts";
import { Wakeups } from "../io/wakeups.ts";
import { checkListen, checkSocketAddress } from "../net/check.ts";
import type { Grants } from "../../policy/grants.ts";
import { underPolicy } from "../under-policy.ts";
import { checkBind } from "./check.ts";
import {
  type Endpoint,
  endpointOf,
  type IpAddressFamily,
  type IpSocketAddress,
  isUnicast,
  isUnspecified,
  readEndpoint,
  showEndpoint,
  toSocketAddress,
  unbound,
} from "./socket-address.ts";
import { connectErrorOf, type ErrorCode, errorCodeOf, fail, type SocketResult, succeed } from "./socket-errors.ts";
import type { SocketSession } from "./socket-session.ts";
import { bindTcp, TcpAttempt, type TcpBound } from "./tcp-attempt.ts";
import { TcpConnection, type TcpInput, type TcpOutput } from "./tcp-io.ts";
import { TcpListener } from "./tcp-listener.ts";
import { applyOptions, defaultTcpOptions, type TcpOptions } from "./tcp-options.ts";

/** The states of WASI, with what each of them holds. */
type State =
  | { readonly kind: "unbound" | "closed" | "revoked" }
  | { readonly kind: "bind-in-progress" | "bound"; readonly bound: TcpBound; readonly local: Endpoint }
  | {
      readonly kind: "connect-in-progress";
      readonly attempt: TcpAttempt;
      readonly local: Endpoint;
      readonly reach: Reach;
    }
  | {
      readonly kind: "connected";
      readonly connection: TcpConnection;
      readonly local: Endpoint;
      readonly remote: Endpoint;
      readonly reach: Reach;
    }
  | {
      readonly kind: "listen-in-progress" | "listening";
      readonly listener: TcpListener;
      readonly local: Endpoint;
      readonly reach: Reach;
    };

/** What the policy has to allow as long as it goes on: to reach another, or to listen. */
type Reach = { readonly to: Endpoint } | { readonly listen: Endpoint };

/** What `finish-connect` gives. */
export type TcpStreams = readonly [TcpInput, TcpOutput];

/**
 * A `wasi:sockets/tcp.tcp-socket`: the state machine of WASI
 * (https://github.com/WebAssembly/wasi-sockets/blob/main/TcpSocketOperationalSemantics.md) over the sockets of Node. What the
 * guest may do is checked before the operating system is asked.
 */
export class TcpSocket implements Waitable {
  readonly family: IpAddressFamily;
  readonly options: TcpOptions;
  readonly #session: SocketSession;
  readonly #wakeups = new Wakeups();
  #state: State = { kind: "unbound" };
  #forget: (() => void) | undefined;
  #forgetPolicy: (() => void) | undefined;
  /** Its connection, which goes on when the socket is dropped and its streams are not. */
  #connectedState: Extract<State, { readonly kind: "connected" }> | undefined;
  #disposed = false;
  #counted = true;
  /** Where it was asked to be bound: port 0 is the system's choice. */
  #asked: { readonly address: string; readonly port: number } | undefined;

  /** @param session has counted the socket */
  constructor(session: SocketSession, family: IpAddressFamily, options: TcpOptions = defaultTcpOptions()) {
    this.#session = session;
    this.family = family;
    this.options = options;
    this.#forget = closeAtEnd(session.context, () => this[Symbol.dispose]());
    const label = (): string => this.#label();
    this.#forgetPolicy = underPolicy(session.context, {
      eventType: "NetworkAccess",
      action: "tcp.close",
      get resource() {
        return label();
      },
      recheck: () => this.#recheck(),
      revoke: (reason) => this.#revoke(reason),
    });
  }

  startBind(named: IpSocketAddress): SocketResult<void> {
    const refusal = this.#refusal("unbound");
    if (refusal !== undefined) return fail(refusal);
    const local = readEndpoint(named, this.family);
    if (typeof local === "string") return fail(local);
    if (!isUnicast(local)) return fail("invalid-argument");
    const { grants } = this.#session.context;
    const { decision, listen } = checkBind(grants, "tcp", local);
    const resource = showEndpoint("tcp", local);
    if (this.#session.denies("tcp.start-bind", resource, decision)) return fail("access-denied");
    this.#asked = { address: local.address, port: local.port };
    this.#session.uses("tcp.start-bind", resource, {
      kind: "bind",
      scheme: "tcp",
      address: local.address,
      port: local.port,
      listens: false,
    });
    const bound = bindTcp(local, listen);
    if (typeof bound === "string") {
      this.#session.observe("tcp.start-bind", resource, "Error", bound);
      return fail(bound);
    }
    this.#session.observe("tcp.start-bind", resource, "Allowed");
    this.#state = { kind: "bind-in-progress", bound, local: bound.local };
    return succeed(undefined);
  }

  finishBind(): SocketResult<void> {
    if (this.#state.kind !== "bind-in-progress") return fail(this.#outOfTurn("not-in-progress"));
    this.#state = { ...this.#state, kind: "bound" };
    return succeed(undefined);
  }

  startConnect(named: IpSocketAddress): SocketResult<void> {
    const refusal = this.#refusal("unbound", "bound");
    if (refusal !== undefined) return fail(refusal);
    const remote = readEndpoint(named, this.family);
    if (typeof remote === "string") return fail(remote);
    if (!isUnicast(remote) || isUnspecified(remote) || remote.port === 0) return fail("invalid-argument");
    const { meters } = this.#session.context;
    const decision = this.#mayReach(remote);
    const resource = showEndpoint("tcp", remote);
    if (this.#session.denies("tcp.start-connect", resource, decision)) return fail("access-denied");
    this.#session.uses("tcp.start-connect", resource, {
      kind: "socket",
      scheme: "tcp",
      address: remote.address,
      port: remote.port,
      names: this.#session.namesOf(remote.address),
    });
    if (!meters.connections.take()) {
      this.#session.observeLimit(
        "tcp.start-connect",
        resource,
        `the guest holds ${meters.connections.cap} connections`,
        "maxConnections",
      );
      return fail("new-socket-limit");
    }
    const bound = this.#state.kind === "bound" ? this.#state.bound : bindTcp(unbound(this.family), NOT_LISTENING);
    if (typeof bound === "string") {
      meters.connections.release();
      this.#session.observe("tcp.start-connect", resource, "Error", bound);
      return fail(bound === "address-not-bindable" ? "address-in-use" : bound);
    }
    const attempt = new TcpAttempt(bound, remote, this.options, (error) => {
      if (error === undefined) this.#session.observe("tcp.start-connect", resource, "Allowed");
      else this.#session.observe("tcp.start-connect", resource, "Error", connectErrorOf(error));
      this.#wakeups.wake();
    });
    this.#state = { kind: "connect-in-progress", attempt, local: bound.local, reach: { to: remote } };
    return succeed(undefined);
  }

  finishConnect(): SocketResult<TcpStreams> {
    if (this.#state.kind !== "connect-in-progress") return fail(this.#outOfTurn("not-in-progress"));
    const { attempt, local, reach } = this.#state;
    if (attempt.outcome === undefined) return fail("would-block");
    if (attempt.outcome.error !== undefined) {
      this.#giveUp(attempt);
      this.#state = { kind: "closed" };
      return fail(connectErrorOf(attempt.outcome.error));
    }
    const { socket, remote } = attempt;
    const here = socket.localAddress === undefined ? local : endpointOf(socket.localAddress, local.port);
    const uncount = (): void => this.#session.context.meters.connections.release();
    return succeed(this.#connected(socket, { local: here, remote, reach }, uncount));
  }

  startListen(): SocketResult<void> {
    const refusal = this.#refusal("bound");
    if (refusal !== undefined) return fail(refusal);
    if (this.#state.kind !== "bound") return fail("invalid-state");
    const { socket, asked, local, listen } = this.#state.bound;
    const resource = showEndpoint("tcp", local);
    if (this.#session.denies("tcp.start-listen", resource, listen)) return fail("access-denied");
    const { address, port } = this.#asked ?? local;
    this.#session.uses("tcp.start-listen", resource, { kind: "bind", scheme: "tcp", address, port, listens: true });
    const listener = new TcpListener(this.#session, socket, resource, this.options.backlog, this.#wakeups);
    this.#state = { kind: "listen-in-progress", listener, local, reach: { listen: asked } };
    return succeed(undefined);
  }

  finishListen(): SocketResult<void> {
    if (this.#state.kind !== "listen-in-progress") return fail(this.#outOfTurn("not-in-progress"));
    const { listener, local, reach } = this.#state;
    if (listener.outcome === undefined) return fail("would-block");
    const { error } = listener.outcome;
    const resource = showEndpoint("tcp", local);
    if (error !== undefined) {
      this.#session.observe("tcp.start-listen", resource, "Error", errorCodeOf(error));
      listener.close();
      this.#state = { kind: "closed" };
      return fail(errorCodeOf(error));
    }
    this.#session.observe("tcp.start-listen", resource, "Allowed");
    this.#state = { kind: "listening", listener, local, reach };
    return succeed(undefined);
  }

  accept(): SocketResult<readonly [TcpSocket, ...TcpStreams]> {
    if (this.#state.kind !== "listening") return fail(this.#outOfTurn("invalid-state"));
    const { listener, local, reach } = this.#state;
    if (!listener.hasWaiting) return fail("would-block");
    const { sockets } = this.#session.context.meters;
    if (!sockets.take()) {
      const reason = `the guest holds ${sockets.cap} sockets`;
      this.#session.observeLimit("tcp.accept", showEndpoint("tcp", local), reason, "maxSockets");
      return fail("new-socket-limit");
    }
    const incoming = listener.take();
    const { remoteAddress, remotePort, localAddress, localPort, destroyed } = incoming?.socket ?? {};
    if (incoming === undefined || destroyed === true || remoteAddress === undefined || remotePort === undefined) {
      incoming?.socket.destroy();
      incoming?.uncount();
      sockets.release();
      return fail("connection-aborted");
    }
    const remote = endpointOf(remoteAddress, remotePort);
    const here = localAddress === undefined ? local : endpointOf(localAddress, localPort ?? local.port);
    const accepted = new TcpSocket(this.#session, this.family, { ...this.options });
    this.#session.observe("tcp.accept", `${showEndpoint("tcp", here)} from ${showEndpoint("tcp", remote)}`, "Allowed");
    const ends = { local: here, remote, reach };
    return succeed([accepted, ...accepted.#connected(incoming.socket, ends, incoming.uncount)]);
  }

  localAddress(): SocketResult<IpSocketAddress> {
    return "local" in this.#state && this.#state.kind !== "bind-in-progress"
      ? succeed(toSocketAddress(this.#state.local))
      : fail("invalid-state");
  }

  remoteAddress(): SocketResult<IpSocketAddress> {
    return this.#state.kind === "connected" ? succeed(toSocketAddress(this.#state.remote)) : fail("invalid-state");
  }

  get isListening(): boolean {
    return this.#state.kind === "listening";
  }

  /** Whether the size of the backlog can still matter. */
  get canListen(): boolean {
    return this.#state.kind !== "connect-in-progress" && this.#state.kind !== "connected";
  }

  /** Passes options that were changed on to what is open. */
  applyOptions(): void {
    if (this.#state.kind === "connected") applyOptions(this.#state.connection.socket, this.options);
    if ("listener" in this.#state) this.#state.listener.backlog = this.options.backlog;
  }

  shutdown(which: "receive" | "send" | "both"): SocketResult<void> {
    if (this.#state.kind !== "connected") return fail(this.#outOfTurn("invalid-state"));
    if (which !== "send") this.#state.connection.input.shutdown();
    if (which !== "receive") this.#state.connection.output.shutdown();
    return succeed(undefined);
  }

  ready(): boolean {
    switch (this.#state.kind) {
      case "connect-in-progress":
        return this.#state.attempt.outcome !== undefined;
      case "listen-in-progress":
        return this.#state.listener.outcome !== undefined;
      case "listening":
        return this.#state.listener.hasWaiting;
      default:
        return true;
    }
  }

  wait(signal: AbortSignal): Promise<void> {
    return this.#wakeups.wait(signal);
  }

  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    const state = this.#state;
    this.#forget?.();
    // A connection goes on while its streams are there.
    if (!("connection" in state) || state.connection.isClosed) this.#forgetPolicy?.();
    this.#letGo(state);
    if ("connection" in state) state.connection.release();
    if (!("connection" in state) || state.connection.isClosed) this.#uncount();
    this.#state = { kind: "closed" };
    this.#wakeups.wake();
  }

  #letGo(state: State): void {
    if ("bound" in state) state.bound.socket[Symbol.dispose]();
    if ("attempt" in state) this.#giveUp(state.attempt);
    if ("listener" in state) state.listener.close();
  }

  /** Why the policy does not allow it to go on. */
  #recheck(): string | undefined {
    const state = this.#connectedState ?? this.#state;
    const { grants } = this.#session.context;
    if ("bound" in state) {
      const { decision, listen } = checkBind(grants, "tcp", state.bound.asked);
      if (!decision.allowed) return decision.reason;
      this.#state = { ...state, bound: { ...state.bound, listen } };
      return undefined;
    }
    if (!("reach" in state)) return undefined;
    const decision = "to" in state.reach ? this.#mayReach(state.reach.to) : mayListen(grants, state.reach.listen);
    return decision.allowed ? undefined : decision.reason;
  }

  #mayReach({ address, port }: Endpoint): Decision {
    const names = this.#session.namesOf(address);
    return checkSocketAddress(this.#session.context.grants.network, { scheme: "tcp", address, port, names });
  }

  #revoke(reason: string): void {
    const state = this.#connectedState ?? this.#state;
    this.#letGo(state);
    if ("connection" in state) state.connection.revoke(reason);
    if (!this.#disposed) this.#state = { kind: "revoked" };
    this.#wakeups.wake();
  }

  #label(): string {
    const state = this.#connectedState ?? this.#state;
    if ("remote" in state) return showEndpoint("tcp", state.remote);
    return "local" in state ? showEndpoint("tcp", state.local) : "tcp";
  }

  /** What to answer to what another state is for. */
  #outOfTurn(code: ErrorCode): ErrorCode {
    return this.#state.kind === "revoked" ? "access-denied" : code;
  }

  /** What to answer in a state that is none of these: another operation is under way, or the state is wrong for good. */
  #refusal(...allowed: readonly State["kind"][]): ErrorCode | undefined {
    if (allowed.includes(this.#state.kind)) return undefined;
    return this.#state.kind.endsWith("-in-progress") ? "concurrency-conflict" : this.#outOfTurn("invalid-state");
  }

  #giveUp({ socket, remote, outcome }: TcpAttempt): void {
    socket.destroy();
    this.#session.context.meters.connections.release();
    if (outcome !== undefined) return;
    const reason = "the guest gave it up before it was established";
    this.#session.observe("tcp.start-connect", showEndpoint("tcp", remote), "Error", reason);
  }

  #connected(
    socket: Socket,
    ends: { readonly local: Endpoint; readonly remote: Endpoint; readonly reach: Reach },
    uncount: () => void,
  ): TcpStreams {
    applyOptions(socket, this.options);
    const connection = new TcpConnection(this.#session, socket, showEndpoint("tcp", ends.remote), () => {
      uncount();
      if (!this.#disposed) return;
      this.#forgetPolicy?.();
      this.#uncount();
    });
    this.#connectedState = { kind: "connected", connection, ...ends };
    this.#state = this.#connectedState;
    return [connection.input, connection.output];
  }

  #uncount(): void {
    if (this.#counted) this.#session.context.meters.sockets.release();
    this.#counted = false;
  }
}

function mayListen({ listen }: Grants, { address, port }: Endpoint): Decision {
  return checkListen(listen, { scheme: "tcp", address, port });
}

const NOT_LISTENING: Decision = Object.freeze({ allowed: false, reason: "the socket was bound to connect" });
