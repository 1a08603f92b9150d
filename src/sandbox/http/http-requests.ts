import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { CordonError, messageOf } from "../../shared/errors.ts";
import { NodeExchange, type NodeExchangeOptions } from "./node-exchange.ts";
import { refusalOf } from "./refused-request.ts";
import type { Sandbox } from "../sandbox.ts";
import type { StdioOptions } from "../calls/stdio-options.ts";

/** Told of a request that the guest failed to answer. */
export type RequestFailure = (
  error: CordonError,
  request: {
    /** Its method. */
    readonly method: string;
    /** Its path with the query. */
    readonly path: string;
  },
) => void;

/** How they are answered. */
export interface HttpRequestsOptions extends Pick<StdioOptions, "stdout" | "stderr"> {
  /** Requests that are being answered at once; more are answered with 503. Default 256. */
  readonly maxConcurrent?: number | undefined;
  /**
   * How long a client that has shut down its writing side gets to see the answer begin, in milliseconds; then it counts as gone, and
   * its guest is ended. A client that is gone altogether looks the same until something is written. Default 5,000.
   */
  readonly halfCloseMs?: number | undefined;
  /**
   * Told of every request that the guest failed to answer, though its client was there; of those that are refused since the
   * component's processes end again and again, of the first alone. What it throws is dropped.
   */
  readonly onFailure?: RequestFailure | undefined;
}

/** Requests of one connection that wait for the one before; more are answered with 503. */
const MAX_WAITING = 16;

/** How long a client may take for the last of an answer after the guest is gone, in milliseconds. */
const FLUSH_MS = 10_000;

interface Running {
  readonly exchange: NodeExchange;
  readonly gone: AbortController;
  /** Settles when the guest is gone. */
  readonly handled: Promise<void>;
  /** Settles when the answer is, too. */
  readonly done: Promise<void>;
}

/** The requests of one server. */
export class HttpRequests {
  readonly #sandbox: () => Sandbox;
  readonly #options: HttpRequestsOptions;
  readonly #running = new Set<Running>();
  readonly #waiting = new WeakMap<Socket, number>();
  #closing = false;
  /** Until when requests are refused, as was told. */
  #refusingUntil = 0;

  /** @param sandbox Gives what answers the next request. */
  constructor(sandbox: () => Sandbox, options: HttpRequestsOptions) {
    this.#sandbox = sandbox;
    this.#options = options;
  }

  /** How many are being answered. */
  get running(): number {
    return this.#running.size;
  }

  /** Answers a request, when those before it on its connection are answered. */
  take(request: IncomingMessage, response: ServerResponse, options: NodeExchangeOptions): void {
    const exchange = new NodeExchange(request, response, options);
    if (response.socket !== null) {
      this.#start(exchange, request, response);
      return;
    }
    // The one before is not answered yet. The connection may end first; then nobody comes back here, and there is no one to answer.
    const waiting = this.#waiting.get(request.socket) ?? 0;
    if (waiting >= MAX_WAITING) {
      exchange.fail(503);
      return;
    }
    this.#waiting.set(request.socket, waiting + 1);
    response.once("socket", (socket: Socket) => {
      this.#waiting.set(socket, (this.#waiting.get(socket) ?? 1) - 1);
      this.#start(exchange, request, response);
    });
  }

  /** Waits for what is running as long as that, in milliseconds, and ends the rest. */
  async end(graceMs: number): Promise<void> {
    this.#closing = true;
    for (const { exchange } of this.#running) exchange.closeAfter();
    await within(
      [...this.#running].map(({ done }) => done),
      graceMs,
    );
    for (const { gone } of this.#running) gone.abort(new Error("the server was closed"));
    await Promise.all([...this.#running].map(({ handled }) => handled));
  }

  #start(exchange: NodeExchange, request: IncomingMessage, response: ServerResponse): void {
    if (this.#closing) exchange.closeAfter();
    const { maxConcurrent = 256 } = this.#options;
    const isFull = this.#closing || this.#running.size >= maxConcurrent;
    const refusal = refusalOf(request, this.#sandbox().limits) ?? (isFull ? 503 : undefined);
    if (refusal !== undefined) {
      exchange.fail(refusal);
      return;
    }
    const gone = new AbortController();
    const closed = new Promise<void>((resolve) => void response.once("close", resolve));
    response.once("close", () => {
      if (!response.writableFinished) gone.abort(new Error("the client is gone"));
    });
    const forget = this.#watchHalfClose(request.socket, response);
    const handled = this.#handle(exchange, gone.signal);
    const done = handled.then(() => within([closed], FLUSH_MS));
    const running: Running = { exchange, gone, handled, done };
    this.#running.add(running);
    void done.then(() => {
      forget();
      response.destroy();
      this.#running.delete(running);
    });
  }

  /** Gives up a client that only seems to wait. Returns what ends the watch. */
  #watchHalfClose(socket: Socket, response: ServerResponse): () => void {
    let timer: NodeJS.Timeout | undefined;
    const onEnd = (): void => {
      timer = setTimeout(() => {
        // Once there is a head, what is written meets the reset of a client that is gone.
        if (!response.headersSent) socket.destroy();
      }, this.#options.halfCloseMs ?? 5_000);
    };
    if (socket.readableEnded) onEnd();
    else socket.once("end", onEnd);
    return () => {
      clearTimeout(timer);
      socket.off("end", onEnd);
    };
  }

  /** Never rejects. */
  async #handle(exchange: NodeExchange, signal: AbortSignal): Promise<void> {
    const { stdout, stderr } = this.#options;
    try {
      await this.#sandbox().handle(exchange, { signal, stdout, stderr });
      if (exchange.whole) return;
      const reason = exchange.failure === undefined ? "" : `: ${exchange.failure}`;
      throw new CordonError("guest-error", `Answering a request: the guest gave no whole answer${reason}`);
    } catch (thrown) {
      const error =
        thrown instanceof CordonError ? thrown : new CordonError("host", messageOf(thrown), { cause: thrown });
      exchange.fail(statusOf(error), error.retryAfterMs);
      if (!signal.aborted && this.#isNews(error)) this.#report(error, exchange);
    }
  }

  /** Of the requests that are refused until the component's next process, the first is told of. */
  #isNews({ retryAfterMs }: CordonError): boolean {
    if (retryAfterMs === undefined) return true;
    const now = performance.now();
    if (now < this.#refusingUntil) return false;
    this.#refusingUntil = now + retryAfterMs;
    return true;
  }

  #report(error: CordonError, { head }: NodeExchange): void {
    try {
      this.#options.onFailure?.(error, { method: head.method, path: head.pathWithQuery });
    } catch (thrown) {
      process.emitWarning(`a listener for failed requests threw: ${String(thrown)}`, "CordonWarning");
    }
  }
}

/** What a client is told of a failure. */
export function statusOf({ code, limit, retryAfterMs }: CordonError): number {
  if (code === "cancelled" || retryAfterMs !== undefined) return 503;
  return code === "limit" && limit?.limit === "deadline" ? 504 : 502;
}

async function within(work: readonly Promise<void>[], milliseconds: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  await Promise.race([Promise.all(work), promise]);
  clearTimeout(timer);
}
