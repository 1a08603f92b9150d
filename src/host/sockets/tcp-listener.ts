import type { BoundSocket, Server, Socket } from "node:net";
import type { Wakeups } from "../io/wakeups.ts";
import { nodeNet } from "../../shared/node-modules.ts";
import type { SocketSession } from "./socket-session.ts";
import { READ_AHEAD_BYTES } from "./tcp-io.ts";

/** A connection that came in and was counted, not yet accepted by the guest. */
export interface Incoming {
  readonly socket: Socket;
  /** Takes back that it was counted as a connection. */
  readonly uncount: () => void;
}

/**
 * Waits for connections. Each is counted when it comes in; one over the backlog, or over what the guest may hold, is closed at
 * once. Nothing is read of a connection before the guest accepts it.
 */
export class TcpListener {
  readonly #session: SocketSession;
  readonly #server: Server;
  readonly #resource: string;
  readonly #waiting: Incoming[] = [];
  #limitSeen = false;
  /** `undefined` until it listens, or could not. */
  outcome: { readonly error: Error | undefined } | undefined;
  /** How many connections may wait. */
  backlog: number;

  /** @param bound becomes the listener's own */
  constructor(session: SocketSession, bound: BoundSocket, resource: string, backlog: number, wakeups: Wakeups) {
    this.#session = session;
    this.#resource = resource;
    this.backlog = backlog;
    const options = { allowHalfOpen: true, pauseOnConnect: true, highWaterMark: READ_AHEAD_BYTES };
    this.#server = nodeNet().createServer(options, (socket) => {
      this.#arrived(socket);
      wakeups.wake();
    });
    this.#server.on("listening", () => {
      this.outcome = { error: undefined };
      wakeups.wake();
    });
    // Errors after that are of single connections that could not be accepted; the listener goes on.
    this.#server.on("error", (error) => {
      this.outcome ??= { error };
      wakeups.wake();
    });
    this.#server.listen(bound, backlog);
  }

  /** Whether a connection waits to be accepted. */
  get hasWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** The connection that came first. */
  take(): Incoming | undefined {
    return this.#waiting.shift();
  }

  /** Stops to listen, and closes the connections that wait. */
  close(): void {
    this.#server.close();
    for (const { socket, uncount } of this.#waiting.splice(0)) {
      socket.destroy();
      uncount();
    }
  }

  #arrived(socket: Socket): void {
    socket.on("error", ignore);
    const { connections } = this.#session.context.meters;
    if (this.#server.listening && this.#waiting.length < this.backlog && connections.take()) {
      this.#waiting.push({ socket, uncount: () => connections.release() });
      return;
    }
    socket.destroy();
    if (this.#limitSeen || !this.#server.listening) return;
    this.#limitSeen = true;
    const { held, cap } = connections;
    this.#session.observeLimit(
      "tcp.accept",
      this.#resource,
      `a connection was closed: ${this.#waiting.length} of ${this.backlog} wait to be accepted, the guest holds ${held} of ${cap}`,
      "maxConnections",
    );
  }
}

/** The error of a connection that waits is found when it is accepted. */
function ignore(): void {}
