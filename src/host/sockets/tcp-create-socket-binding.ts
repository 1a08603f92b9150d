import type { HostContext, HostInterface } from "../capability.ts";
import { wasiInterface } from "../wasi-interface.ts";
import { createSocket } from "./create-socket.ts";
import type { IpAddressFamily } from "./socket-address.ts";
import { TcpSocket } from "./tcp-socket.ts";

/** `wasi:sockets/tcp-create-socket`. */
export const tcpCreateSocket: HostInterface = wasiInterface("wasi:sockets/tcp-create-socket", {
  direct: {
    "create-tcp-socket": (context: HostContext, family: IpAddressFamily) =>
      createSocket(context, "tcp", family, (session) => new TcpSocket(session, family)),
  },
});
