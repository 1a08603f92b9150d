import { isIP } from "node:net";
import type { buildConnector } from "undici";
import type { Socket } from "node:net";
import { ResponseHeadFilter } from "./response-head.ts";
import { pinnedLookup } from "../net/resolve.ts";

/**
 * A connector that reaches the given addresses and no others, whatever name it is asked for; the name stays the one that TLS
 * certificates are verified against. Nothing is looked up again.
 *
 * @param build undici's `buildConnector`
 * @param timeoutMs time to connect, in milliseconds
 * @param maxHeadBytes the largest head of a response; see {@link ResponseHeadFilter}
 */
export function pinnedConnector(
  build: typeof buildConnector,
  addresses: readonly string[],
  timeoutMs: number,
  maxHeadBytes: number,
): buildConnector.connector {
  const connect = build({
    lookup: pinnedLookup(addresses),
    allowH2: false,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: 1_000,
    maxCachedSessions: 0,
    rejectUnauthorized: true,
    timeout: timeoutMs,
  });
  return (options, callback) => {
    // Node looks no address up, so the pin would not hold for one: an address may only be connected to itself.
    const name = options.hostname.replace(/^\[(.*)\]$/u, "$1");
    if (isIP(name) !== 0 && !addresses.includes(name)) {
      callback(new Error("the address is not the one that was checked"), null);
      return;
    }
    connect(options, (...result) => {
      if (result[0] === null) filterHead(result[1], maxHeadBytes);
      callback(...result);
    });
  };
}

/** Has whoever reads the socket get what the filter makes of it. A connection serves one request. */
function filterHead(socket: Socket, maxBytes: number): void {
  const filter = new ResponseHeadFilter(maxBytes);
  const read = socket.read.bind(socket) as () => Buffer | null;
  socket.read = () => {
    for (;;) {
      const chunk = read();
      const own = chunk === null ? null : filter.take(chunk);
      if (chunk === null || own !== null) return own;
    }
  };
}
