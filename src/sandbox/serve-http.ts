import { once } from "node:events";
import type { Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { CordonError, messageOf } from "../shared/errors.ts";
import { NodeExchange } from "./node-exchange.ts";
import type { Sandbox } from "./sandbox.ts";
import type { StdioOptions } from "./stdio.ts";

/** How requests are served. */
export interface ServeHttpOptions extends Pick<StdioOptions, "stdout" | "stderr"> {
  /** The address to listen on; default `127.0.0.1`. */
  readonly host?: string | undefined;
  /** The port; default 0, any that is free. */
  readonly port?: number | undefined;
  /** Requests that are being answered at once; more are answered with 503. Default 256. */
  readonly maxConcurrent?: number | undefined;
  /** How long {@link HttpServer.close} waits for running requests, in milliseconds; default 10,000. */
  readonly graceMs?: number | undefined;
  /** Told of every request that the guest failed to answer. */
  readonly onFailure?:
    | ((error: CordonError, request: { readonly method: string; readonly path: string }) => void)
    | undefined;
}

/** A server that is running. */
export interface HttpServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** Takes no more connections, waits for the requests that are running, then ends what is left. */
  readonly close: () => Promise<void>;
}

/** Time in which a client has to send its request's head, in milliseconds. */
const HEAD_TIMEOUT_MS = 10_000;

/** Connections at once; each may be idle. */
const MAX_CONNECTIONS = 4_096;

/**
 * Serves a component of the `wasi:http/proxy` world: a fresh instance for each request, under the sandbox's grants and limits.
 * A guest that fails before it answered gives its client 502, one that runs out of time 504; after the head was sent, the
 * connection is broken.
 *
 * @throws CordonError `usage` when the component is none of that world, or the address cannot be listened on.
 */
export async function serveHttp(sandbox: Sandbox, options: ServeHttpOptions = {}): Promise<HttpServer> {
  sandbox.assertHttpHandler();
  const { createServer } = await import("node:http");
  const running = new Map<Promise<void>, AbortController>();
  const { maxConcurrent = 256, graceMs = 10_000 } = options;
  const server = createServer(
    {
      maxHeaderSize: Math.max(1, Math.min(sandbox.limits.maxHeaderBytes, 2 ** 24)),
      headersTimeout: HEAD_TIMEOUT_MS,
      requestTimeout: 0,
      insecureHTTPParser: false,
      requireHostHeader: true,
    },
    (request, response) => {
      const exchange = new NodeExchange(request, response);
      // Absolute forms are for proxies, which this is not: what a guest sees as path must be one.
      if (!/^(?:\/|\*$)/.test(exchange.head.pathWithQuery)) return exchange.fail(400);
      if (running.size >= maxConcurrent) return exchange.fail(503);
      const gone = new AbortController();
      const done = answer(sandbox, exchange, { response, gone, options });
      running.set(done, gone);
      void done.finally(() => running.delete(done));
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, options.host ?? "127.0.0.1", options.port ?? 0);
  const { address: host, port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    const closed = once(server, "close");
    server.close();
    server.closeIdleConnections();
    await settledWithin([...running.keys()], graceMs);
    for (const gone of running.values()) gone.abort(new Error("the server was closed"));
    await Promise.all(running.keys());
    server.closeAllConnections();
    await closed;
  };
  return { host, port, close, [Symbol.asyncDispose]: close };
}

interface Circumstances {
  readonly response: ServerResponse;
  readonly gone: AbortController;
  readonly options: ServeHttpOptions;
}

/** Never rejects. */
async function answer(sandbox: Sandbox, exchange: NodeExchange, circumstances: Circumstances): Promise<void> {
  const { response, gone, options } = circumstances;
  response.once("close", () => {
    if (!response.writableFinished) gone.abort(new Error("the client is gone"));
  });
  try {
    await sandbox.handle(exchange, { signal: gone.signal, stdout: options.stdout, stderr: options.stderr });
    // A guest that returns without an answer has failed as one that traps has.
    if (!response.writableEnded) exchange.fail(502);
  } catch (thrown) {
    const error =
      thrown instanceof CordonError ? thrown : new CordonError("host", messageOf(thrown), { cause: thrown });
    exchange.fail(statusOf(error));
    options.onFailure?.(error, { method: exchange.head.method, path: exchange.head.pathWithQuery });
  }
}

function statusOf({ code, limit }: CordonError): number {
  if (code === "cancelled") return 503;
  return code === "limit" && limit?.limit === "deadline" ? 504 : 502;
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  try {
    server.listen(port, host);
    await once(server, "listening");
  } catch (thrown) {
    throw new CordonError("usage", `Cannot listen on ${host}:${port}: ${messageOf(thrown)}; choose another address`, {
      cause: thrown,
    });
  }
}

async function settledWithin(work: readonly Promise<void>[], milliseconds: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  await Promise.race([Promise.all(work), promise]);
  clearTimeout(timer);
}
