import type { HostContext, HostInterface } from "../capability.ts";
import { ok } from "../text.ts";
import { wasiInterface } from "../wasi-interface.ts";

/**
 * A `wasi:sockets/network.network`. It gives access to nothing by itself: what a guest may reach is in its grants, and each
 * socket asks there.
 */
export class Network {
  readonly kind = "network";
}

/** `wasi:sockets/network`: types, and the resource. */
export const socketsNetwork: HostInterface = wasiInterface("wasi:sockets/network", {});

/** `wasi:sockets/instance-network`. */
export const instanceNetwork: HostInterface = wasiInterface("wasi:sockets/instance-network", {
  direct: { "instance-network": (_context: HostContext) => ok(new Network()) },
});
