import type { Decision } from "../../policy/decision.ts";
import type { Grants } from "../../policy/grants.ts";
import { isLoopbackAddress } from "../net/addresses.ts";
import { checkListen } from "../net/check.ts";
import { type Endpoint, isUnspecified } from "./socket-address.ts";

export type SocketScheme = "tcp" | "udp";

/** Whether a guest has any use for a socket of this kind. Where the socket may then reach is for later checks. */
export function checkCreate(grants: Grants, scheme: SocketScheme): Decision {
  const rule =
    grants.network.allow.find(({ schemes, ports }) => schemes.includes(scheme) && ports !== undefined) ??
    grants.listen.find(({ schemes }) => schemes.includes(scheme));
  if (rule !== undefined) return { allowed: true, rule: rule.written };
  return {
    allowed: false,
    reason: `no ${scheme} address is granted`,
    remedies: [
      { setting: "grants.network.allow", value: `${scheme}://HOST:PORT` },
      { setting: "grants.listen", value: `${scheme}://ADDRESS:PORT` },
    ],
  };
}

/** What binding a socket gives a guest. */
export interface BindDecision {
  readonly decision: Decision;
  /** Whether the socket may wait there for connections, or for datagrams of anyone. */
  readonly listen: Decision;
}

/**
 * Whether a socket may be bound to an address. A rule for listening allows it; so does any rule for reaching others, for a port
 * of the system's choice on the unspecified or the loopback address, which is all that a client needs.
 */
export function checkBind(grants: Grants, scheme: SocketScheme, local: Endpoint): BindDecision {
  const listen = checkListen(grants.listen, { scheme, address: local.address, port: local.port });
  if (listen.allowed) return { decision: listen, listen };
  const forClient = local.port === 0 && (isUnspecified(local) || isLoopbackAddress(local.address));
  const rule = forClient
    ? grants.network.allow.find(({ schemes, ports }) => schemes.includes(scheme) && ports !== undefined)
    : undefined;
  return { decision: rule === undefined ? listen : { allowed: true, rule: rule.written }, listen };
}
