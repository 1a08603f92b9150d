import assert from "node:assert/strict";
import { once } from "node:events";
import type { RequestListener } from "node:http";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo, Server, Socket } from "node:net";
import { createServer } from "node:net";
import { after } from "node:test";
import { hostContext } from "../../../test/support/host-context.ts";
import type { NetworkGrantsInput } from "../../policy/parsing/parse-network.ts";
import { parseGrants } from "../../policy/parsing/parse-grants.ts";
import type { Limits } from "../../shared/limits/limits.ts";
import type { HostResult } from "../capability.ts";
import type { Resolver } from "../net/resolve.ts";
import { httpExchange } from "./request.ts";

// Shared by the tests of HTTP exchanges; has no tests of its own.

export const NOT_GRANTED: string = "Permission denied: network is not granted for this host";

const servers: Server[] = [];
const sockets = new Set<Socket>();
after(() => {
  for (const server of servers) server.close();
  for (const socket of sockets) socket.destroy();
});

export async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.on("connection", (socket) => {
    sockets.add(socket);
    // Clients that give up half-way reset the connection.
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

export const serve: (listener: RequestListener) => Promise<number> = (listener: RequestListener): Promise<number> =>
  listen(createHttpServer(listener));
/** A server that answers whatever comes with what `answer` writes. */
export const serveRaw: (answer: (socket: Socket) => void) => Promise<number> = (
  answer: (socket: Socket) => void,
): Promise<number> => listen(createServer((socket) => void socket.once("data", () => answer(socket))));

/** A server that counts who comes, and tells each a secret. */
export async function trap(): Promise<{ readonly port: number; readonly contacts: () => number }> {
  let contacts = 0;
  const server = createServer((socket) => {
    contacts += 1;
    socket.end("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nSECRET");
  });
  return { port: await listen(server), contacts: () => contacts };
}

export interface Exchange {
  readonly result: HostResult;
  /** `RESULT url`, one for every event. */
  readonly events: readonly string[];
  readonly reasons: readonly (string | undefined)[];
}

export interface Options {
  readonly grants: NetworkGrantsInput;
  readonly limits?: Partial<Limits>;
  readonly signal?: AbortSignal;
  readonly resolve?: Resolver;
}

const noLookup: Resolver = () => assert.fail("a name was looked up");

export async function exchange(
  method: "GET" | "POST",
  url: string,
  { grants, limits, signal, resolve }: Options,
  body?: string,
): Promise<Exchange> {
  const context = hostContext({
    grants: parseGrants({ network: grants }, { cwd: "/" }),
    ...(limits === undefined ? {} : { limits }),
  });
  signal?.addEventListener("abort", () => context.abort(), { once: true });
  if (signal?.aborted === true) context.abort();
  const observed = context.observations;
  const result = await httpExchange(context, method, url, body, resolve ?? noLookup);
  for (const { eventType, action } of observed) {
    assert.deepEqual([eventType, action], ["NetworkAccess", `network.http-${method.toLowerCase()}`]);
  }
  return {
    result,
    events: observed.map(({ result, resource }) => `${result} ${resource}`),
    reasons: observed.map(({ reason }) => reason),
  };
}

export function get(port: number, path: string, options: Partial<Options> = {}): Promise<Exchange> {
  return exchange("GET", `http://localhost:${port}${path}`, { grants: { hosts: [`localhost:${port}`] }, ...options });
}
