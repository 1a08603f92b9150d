import type { BoundSocket, Socket } from "node:net";
import type { Decision } from "../../policy/decision.ts";
import { nodeNet } from "../../shared/node-modules.ts";
import { type Endpoint, endpointOf } from "./socket-address.ts";
import { type ErrorCode, errorCodeOf } from "./socket-errors.ts";
import { READ_AHEAD_BYTES } from "./tcp-io.ts";
import { applyOptions, type TcpOptions } from "./tcp-options.ts";

/** A socket that is bound, and neither connects nor listens yet. */
export interface TcpBound {
  /** The holder closes it, unless it becomes a connection or a listener. */
  readonly socket: BoundSocket;
  /** Where it was to be bound. */
  readonly asked: Endpoint;
  readonly local: Endpoint;
  /** Whether the guest may listen on it. */
  readonly listen: Decision;
}

/** Binds a socket, or says why the operating system did not. An IPv6 socket takes no IPv4 connections. */
export function bindTcp(local: Endpoint, listen: Decision): TcpBound | ErrorCode {
  try {
    const { BoundSocket } = nodeNet();
    const socket = new BoundSocket({ host: local.address, port: local.port, ipv6Only: local.family === "ipv6" });
    return { socket, asked: local, local: endpointOf(local.address, socket.address().port), listen };
  } catch (error) {
    return errorCodeOf(error);
  }
}

/** A connection that is being made, to an address that was checked. */
export class TcpAttempt {
  readonly socket: Socket;
  readonly remote: Endpoint;
  /** How it ended; `undefined` as long as it has not. */
  outcome: { readonly error: Error | undefined } | undefined;

  /**
   * @param bound becomes the connection's own
   * @param settled called once, when {@link outcome} is there
   */
  constructor(bound: TcpBound, remote: Endpoint, options: TcpOptions, settled: (error: Error | undefined) => void) {
    this.remote = remote;
    const socketOptions = { handle: bound.socket, allowHalfOpen: true, highWaterMark: READ_AHEAD_BYTES };
    this.socket = new (nodeNet().Socket)(socketOptions);
    const settle = (error: Error | undefined): void => {
      if (this.outcome !== undefined) return;
      this.outcome = { error };
      settled(error);
    };
    this.socket.on("connect", () => settle(undefined));
    this.socket.on("error", settle);
    applyOptions(this.socket, options);
    this.socket.connect({ host: remote.address, port: remote.port, autoSelectFamily: false });
  }
}
