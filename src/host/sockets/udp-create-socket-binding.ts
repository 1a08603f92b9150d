import type { HostContext, HostInterface } from "../capability.ts";
import { wasiInterface } from "../wasi-interface.ts";
import { createSocket } from "./create-socket.ts";
import type { IpAddressFamily } from "./socket-address.ts";
import { UdpSocket } from "./udp-socket.ts";

/** `wasi:sockets/udp-create-socket`. */
export const udpCreateSocket: HostInterface = wasiInterface("wasi:sockets/udp-create-socket", {
  direct: {
    "create-udp-socket": (context: HostContext, family: IpAddressFamily) =>
      createSocket(context, "udp", family, (session) => new UdpSocket(session, family)),
  },
});
