import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientRequest, type IncomingMessage, request, type RequestOptions } from "node:http";
import { connect, type Socket } from "node:net";
import type { CordonError, HttpServer, Limits, ServeHttpOptions } from "../../src/sandbox/index.ts";
import { Sandbox, serveHttp } from "../../src/sandbox/index.ts";
import { proxyGuest, TEST_CACHE } from "./guests.ts";

/** What is served: options of the server, limits of its requests, another guest than `test/guests/proxy.js`. */
export interface Serving extends ServeHttpOptions {
  readonly limits?: Partial<Limits>;
  readonly guest?: string;
}

/** An answer, read to its end; the body is Latin-1 text. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  readonly trailers: IncomingMessage["trailers"];
}

/** Serves the proxy guest. Disposing of it makes one more request, which must work: whatever was tried, the server goes on. */
export async function serve({ limits, guest, ...options }: Serving = {}): Promise<Served> {
  const sandbox = await Sandbox.open(guest ?? (await proxyGuest()), { cache: TEST_CACHE, ...(limits && { limits }) });
  const failures: CordonError[] = [];
  const server = await serveHttp(sandbox, { onFailure: (error) => void failures.push(error), ...options });
  return new Served(sandbox, server, failures);
}

/** A server that runs, and its clients. Each request has a connection of its own, unless it brings an agent. */
export class Served implements AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly server: HttpServer;
  /** What the guest failed to answer so far. */
  readonly failures: readonly CordonError[];
  #stopped = false;

  constructor(sandbox: Sandbox, server: HttpServer, failures: readonly CordonError[]) {
    this.sandbox = sandbox;
    this.server = server;
    this.failures = failures;
  }

  /** Begins a request; its body is still to be written. */
  begin(path: string, options: RequestOptions = {}): ClientRequest {
    return request({ host: this.server.host, port: this.server.port, path, agent: false, ...options });
  }

  /** A whole request. Rejects when the connection breaks. */
  async get(path: string, options: RequestOptions = {}, body?: string | Uint8Array): Promise<Answer> {
    const begun = this.begin(path, options);
    begun.end(body);
    return answerOf(begun);
  }

  /** The fields and body that the guest is to answer with; see its path `fields`. */
  fields(
    fields: readonly (readonly [string, string])[],
    rest: { status?: number; body?: string } = {},
  ): Promise<Answer> {
    return this.get("/fields", { method: "POST" }, Buffer.from(JSON.stringify({ fields, ...rest }), "latin1"));
  }

  /** A connection as it is, ready to be written to. */
  async connection(): Promise<Socket> {
    const socket = connect(this.server.port, this.server.host);
    await once(socket, "connect");
    return socket;
  }

  /** All that a connection is sent until the server ends it, after the bytes that are written to it. */
  async raw(bytes: string): Promise<string> {
    const socket = await this.connection();
    socket.write(bytes, "latin1");
    return received(socket);
  }

  /** Resolves when so many requests are being answered. */
  async running(count: number): Promise<void> {
    while (this.server.running !== count) await new Promise(setImmediate);
  }

  /** Ends the server without a last request. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.server.close();
    await this.sandbox.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (!this.#stopped) assert.equal((await this.get("/hello")).body, "hello\n");
    } finally {
      await this.stop();
    }
  }
}

/** The answer to a request that was sent. */
export async function answerOf(begun: ClientRequest): Promise<Answer> {
  const [response] = (await once(begun, "response")) as [IncomingMessage];
  // A connection that breaks from here on is an error of the response.
  begun.on("error", () => undefined);
  const body = (await response.setEncoding("latin1").toArray()).join("");
  return { status: response.statusCode ?? 0, headers: response.headers, body, trailers: response.trailers };
}

/** What comes over a connection until it ends or breaks. */
export async function received(socket: Socket): Promise<string> {
  let all = "";
  socket.setEncoding("latin1").on("data", (part) => {
    all += String(part);
  });
  socket.on("error", () => undefined);
  await new Promise<void>((resolve) => void socket.once("close", () => resolve()));
  return all;
}

/** The status lines in what came over a connection. */
export function statuses(bytes: string): readonly number[] {
  return Array.from(bytes.matchAll(/HTTP\/1\.1 (\d{3}) /gu), ([, status]) => Number(status));
}
