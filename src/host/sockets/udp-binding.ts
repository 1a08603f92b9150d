import type { HostContext, HostInterface } from "../capability.ts";
import { Pollable } from "../io/pollable.ts";
import { ok } from "../text.ts";
import { wasiInterface } from "../wasi-interface.ts";
import type { Network } from "./network-binding.ts";
import type { IpSocketAddress } from "./socket-address.ts";
import { fail, type SocketResult, succeed } from "./socket-errors.ts";
import { bufferSize } from "./tcp-options.ts";
import type { UdpSocket } from "./udp-socket.ts";
import type { IncomingDatagramStream, OutgoingDatagram, OutgoingDatagramStream } from "./udp-streams.ts";

/** `wasi:sockets/udp`. */
export const udp: HostInterface = wasiInterface("wasi:sockets/udp", {
  direct: {
    "[method]udp-socket.start-bind": (
      _context: HostContext,
      self: UdpSocket,
      _network: Network,
      localAddress: IpSocketAddress,
    ) => self.startBind(localAddress),
    "[method]udp-socket.finish-bind": (_context: HostContext, self: UdpSocket) => self.finishBind(),
    "[method]udp-socket.stream": (_context: HostContext, self: UdpSocket, remoteAddress: IpSocketAddress | undefined) =>
      self.stream(remoteAddress),
    "[method]udp-socket.local-address": (_context: HostContext, self: UdpSocket) => self.localAddress(),
    "[method]udp-socket.remote-address": (_context: HostContext, self: UdpSocket) => self.remoteAddress(),
    "[method]udp-socket.address-family": (_context: HostContext, self: UdpSocket) => ok(self.family),
    "[method]udp-socket.unicast-hop-limit": (_context: HostContext, self: UdpSocket) => ok(self.options.hopLimit),
    "[method]udp-socket.set-unicast-hop-limit": (_context: HostContext, self: UdpSocket, value: number) =>
      set(self, value, () => (self.options.hopLimit = value)),
    "[method]udp-socket.receive-buffer-size": (_context: HostContext, self: UdpSocket) =>
      ok(BigInt(self.options.receiveBuffer)),
    "[method]udp-socket.set-receive-buffer-size": (_context: HostContext, self: UdpSocket, value: bigint) =>
      set(self, value, () => (self.options.receiveBuffer = Number(bufferSize(value)))),
    "[method]udp-socket.send-buffer-size": (_context: HostContext, self: UdpSocket) =>
      ok(BigInt(self.options.sendBuffer)),
    "[method]udp-socket.set-send-buffer-size": (_context: HostContext, self: UdpSocket, value: bigint) =>
      set(self, value, () => (self.options.sendBuffer = Number(bufferSize(value)))),
    "[method]udp-socket.subscribe": (_context: HostContext, self: UdpSocket) => ok(new Pollable(self)),
    "[method]incoming-datagram-stream.receive": (
      _context: HostContext,
      self: IncomingDatagramStream,
      maxResults: bigint,
    ) => self.receive(maxResults),
    "[method]incoming-datagram-stream.subscribe": (_context: HostContext, self: IncomingDatagramStream) =>
      ok(new Pollable(self)),
    "[method]outgoing-datagram-stream.check-send": (_context: HostContext, self: OutgoingDatagramStream) =>
      self.checkSend(),
    "[method]outgoing-datagram-stream.send": (
      _context: HostContext,
      self: OutgoingDatagramStream,
      datagrams: readonly OutgoingDatagram[],
    ) => self.send(datagrams),
    "[method]outgoing-datagram-stream.subscribe": (_context: HostContext, self: OutgoingDatagramStream) =>
      ok(new Pollable(self)),
  },
});

/** Sets an option that WASI says may be anything but 0. */
function set(self: UdpSocket, value: number | bigint, store: () => unknown): SocketResult<void> {
  if (value === 0 || value === 0n) return fail("invalid-argument");
  store();
  self.applyOptions();
  return succeed(undefined);
}
