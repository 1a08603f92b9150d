import type { ListenRule } from "../../policy/grants.ts";
import { type Endpoint, endpointOf } from "../sockets/socket-address.ts";

/**
 * Where a program is given sockets to listen on, as preview 1 has no call that makes one: at each grant that names one address and
 * one port, in the order of the grants.
 */
export function grantedEndpoints(rules: readonly ListenRule[]): readonly Endpoint[] {
  const endpoints = new Map<string, Endpoint>();
  for (const rule of rules) {
    const endpoint = endpointIn(rule);
    if (endpoint !== undefined && !endpoints.has(rule.written)) endpoints.set(rule.written, endpoint);
  }
  return [...endpoints.values()];
}

/** The one place that a rule names, if it does. */
function endpointIn({ schemes, address, prefix, ports }: ListenRule): Endpoint | undefined {
  const [only] = ports;
  if (!schemes.includes("tcp") || ports.length !== 1 || only === undefined || only.start !== only.end) return undefined;
  const endpoint = endpointOf(address, only.start);
  const isUnspecified = prefix === 0;
  const isOne = prefix === (endpoint.family === "ipv4" ? 32 : 128);
  if (isUnspecified || isOne) return endpoint;
  // The block that `localhost` stands for.
  return address === "127.0.0.0" && prefix === 8 ? { ...endpoint, address: "127.0.0.1" } : undefined;
}
