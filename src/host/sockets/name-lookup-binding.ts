import type { HostContext, HostInterface } from "../capability.ts";
import { Pollable } from "../io/pollable.ts";
import { ok } from "../text.ts";
import { wasiInterface } from "../wasi-interface.ts";
import { resolveAddresses, type ResolveAddressStream } from "./name-lookup.ts";
import type { Network } from "./network-binding.ts";
import { socketSession } from "./socket-session.ts";

/** `wasi:sockets/ip-name-lookup`. */
export const ipNameLookup: HostInterface = wasiInterface("wasi:sockets/ip-name-lookup", {
  direct: {
    "resolve-addresses": (context: HostContext, _network: Network, name: string) =>
      resolveAddresses(socketSession(context), name),
    "[method]resolve-address-stream.resolve-next-address": (_context: HostContext, self: ResolveAddressStream) =>
      self.resolveNextAddress(),
    "[method]resolve-address-stream.subscribe": (_context: HostContext, self: ResolveAddressStream) =>
      ok(new Pollable(self)),
  },
});
