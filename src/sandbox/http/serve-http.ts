import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { types } from "node:util";
import { CordonError, messageOf } from "../../shared/errors.ts";
import { HttpRequests, type HttpRequestsOptions, type RequestFailure } from "./http-requests.ts";
import type { ComponentSource } from "../loading/source.ts";
import { openToServe } from "../open-to-serve.ts";
import { sandboxOptions, type SandboxOptions } from "../options/sandbox-options.ts";
import { callback, options, readOptions, type Shape, text, wholeNumber } from "../options/shape.ts";
import { outputSink } from "../calls/stdio-options.ts";
import { Sandbox } from "../sandbox.ts";
import { WatchedSandbox } from "../watch/watched-sandbox.ts";

/** How requests are served. */
export interface ServeHttpOptions extends HttpRequestsOptions {
  /** How a component is opened that is not a sandbox already; as {@link Sandbox.open}, but for `isolation`, whose default is `auto`. */
  readonly sandbox?: SandboxOptions | undefined;
  /** The address to listen on; default `127.0.0.1`. */
  readonly host?: string | undefined;
  /** The port; default 0, any that is free. */
  readonly port?: number | undefined;
  /** How long {@link HttpServer.close} waits for running requests, in milliseconds; default 10,000. */
  readonly graceMs?: number | undefined;
}

/** A server that is running. */
export interface HttpServer extends AsyncDisposable {
  /** The address that it listens on. */
  readonly host: string;
  /** The port that it listens on, also when any was asked for. */
  readonly port: number;
  /** What answers; of a component that is watched, the version in force. */
  readonly sandbox: Sandbox;
  /** How many requests are being answered. */
  readonly running: number;
  /** Takes no more requests, waits for those that are running, then ends what is left. Safe to call more than once. */
  readonly close: () => Promise<void>;
}

/** Time in which a client has to send its request's head, in milliseconds. */
const HEAD_TIMEOUT_MS = 10_000;

/** Connections at once; each may be idle. */
const MAX_CONNECTIONS = 4_096;

/** The largest head that Node can be told to take, in bytes. */
const MAX_HEAD_BYTES = 2 ** 24;

const serveHttpOptions: Shape<ServeHttpOptions> = options<ServeHttpOptions>({
  sandbox: sandboxOptions,
  host: text,
  port: wholeNumber(0, 65_535),
  graceMs: wholeNumber(0, 2 ** 31 - 1),
  halfCloseMs: wholeNumber(0, 2 ** 31 - 1),
  maxConcurrent: wholeNumber(1, 1_000_000),
  onFailure: callback<RequestFailure>(),
  stdout: outputSink,
  stderr: outputSink,
});

/**
 * Serves a component of the `wasi:http/proxy` world: a fresh instance for each request, under the sandbox's grants and limits.
 * A guest that fails before it answered gives its client 502, one that runs out of time 504; after the head was sent, the
 * connection is broken. So does the end of its process; a component whose processes end again and again gives 503 with
 * `Retry-After` until it gets the next one. Requests that the guest need not see are answered without it: 400 for one whose target is
 * neither a path nor an `http` URL, or whose `host` is none, 413 for a body that says it is over `maxRequestBodyBytes`, 431 for a head over `maxHeaderBytes`.
 *
 * The requests of one connection are answered one after another.
 *
 * @param component What is served. A sandbox is the caller's to close, and so is a component that is watched; anything else is opened in guest processes where this machine
 * can start them, and closed with the server.
 * @throws CordonError `usage` when the component is none of that world, or the address cannot be listened on; as {@link Sandbox.open}
 * for a component that has to be opened.
 */
export async function serveHttp<Exports extends object>(
  component: Sandbox<Exports> | WatchedSandbox<Exports> | ComponentSource,
  given: ServeHttpOptions = {},
): Promise<HttpServer> {
  const options = readOptions("serveHttp", serveHttpOptions, given);
  if (isOpen(component)) {
    if (options.sandbox === undefined) return serve(component, options, () => Promise.resolve());
    const problem = "the sandbox is open already; give its options to Sandbox.open";
    throw new CordonError("usage", `Cannot use the option sandbox of serveHttp: ${problem}`);
  }
  const sandbox = await openToServe(component, options.sandbox);
  const letGo = (): Promise<void> => sandbox.close();
  try {
    return await serve(sandbox, options, letGo);
  } catch (thrown) {
    await letGo();
    throw thrown;
  }
}

/** A proxy may look like one, and is none. */
function isOpen<Exports extends object>(
  component: Sandbox<Exports> | WatchedSandbox<Exports> | ComponentSource,
): component is Sandbox<Exports> | WatchedSandbox<Exports> {
  return !types.isProxy(component) && (component instanceof Sandbox || component instanceof WatchedSandbox);
}

async function serve<Exports extends object>(
  served: Sandbox<Exports> | WatchedSandbox<Exports>,
  options: ServeHttpOptions,
  letGo: () => Promise<void>,
): Promise<HttpServer> {
  // What it exports besides the handler is no matter here.
  const current = (): Sandbox => (served instanceof Sandbox ? served : served.sandbox) as unknown as Sandbox;
  const sandbox = current();
  sandbox.assertHttpHandler();
  const { createServer } = await import("node:http");
  const requests = new HttpRequests(current, options);
  const server = createServer(
    {
      maxHeaderSize: Math.max(1, Math.min(sandbox.limits.maxHeaderBytes, MAX_HEAD_BYTES)),
      headersTimeout: HEAD_TIMEOUT_MS,
      connectionsCheckingInterval: HEAD_TIMEOUT_MS,
      // A body has the time that the guest has for it.
      requestTimeout: 0,
      insecureHTTPParser: false,
      requireHostHeader: true,
    },
    (request, response) => requests.take(request, response, { expectsContinue: false }),
  );
  server.on("checkContinue", (request, response) => requests.take(request, response, { expectsContinue: true }));
  // A client may shut down its writing side after the request, and wait for the answer (RFC 9112, section 9.6).
  (server as { httpAllowHalfOpen?: boolean }).httpAllowHalfOpen = true;
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, options.host ?? "127.0.0.1", options.port ?? 0);
  const { address: host, port } = server.address() as AddressInfo;
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= stop(server, requests, options.graceMs ?? 10_000).then(letGo));
  return {
    host,
    port,
    get sandbox() {
      return current();
    },
    get running() {
      return requests.running;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function stop(server: Server, requests: HttpRequests, graceMs: number): Promise<void> {
  const closed = once(server, "close");
  server.close();
  await requests.end(graceMs);
  server.closeAllConnections();
  await closed;
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
