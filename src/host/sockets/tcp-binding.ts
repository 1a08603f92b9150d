import type { HostContext, HostInterface } from "../capability.ts";
import { Pollable } from "../io/pollable.ts";
import { ok } from "../text.ts";
import { wasiInterface } from "../wasi-interface.ts";
import type { Network } from "./network-binding.ts";
import type { IpSocketAddress } from "./socket-address.ts";
import { fail, type SocketResult, succeed } from "./socket-errors.ts";
import { backlogSize, bufferSize, keepAliveCount, keepAliveDuration } from "./tcp-options.ts";
import type { TcpSocket } from "./tcp-socket.ts";

/** `wasi:sockets/tcp`. */
export const tcp: HostInterface = wasiInterface("wasi:sockets/tcp", {
  direct: {
    "[method]tcp-socket.start-bind": (
      _context: HostContext,
      self: TcpSocket,
      _network: Network,
      localAddress: IpSocketAddress,
    ) => self.startBind(localAddress),
    "[method]tcp-socket.finish-bind": (_context: HostContext, self: TcpSocket) => self.finishBind(),
    "[method]tcp-socket.start-connect": (
      _context: HostContext,
      self: TcpSocket,
      _network: Network,
      remoteAddress: IpSocketAddress,
    ) => self.startConnect(remoteAddress),
    "[method]tcp-socket.finish-connect": (_context: HostContext, self: TcpSocket) => self.finishConnect(),
    "[method]tcp-socket.start-listen": (_context: HostContext, self: TcpSocket) => self.startListen(),
    "[method]tcp-socket.finish-listen": (_context: HostContext, self: TcpSocket) => self.finishListen(),
    "[method]tcp-socket.accept": (_context: HostContext, self: TcpSocket) => self.accept(),
    "[method]tcp-socket.local-address": (_context: HostContext, self: TcpSocket) => self.localAddress(),
    "[method]tcp-socket.remote-address": (_context: HostContext, self: TcpSocket) => self.remoteAddress(),
    "[method]tcp-socket.is-listening": (_context: HostContext, self: TcpSocket) => ok(self.isListening),
    "[method]tcp-socket.address-family": (_context: HostContext, self: TcpSocket) => ok(self.family),
    "[method]tcp-socket.set-listen-backlog-size": (_context: HostContext, self: TcpSocket, value: bigint) => {
      if (value !== 0n && !self.canListen) return fail("invalid-state");
      return set(self, value, () => (self.options.backlog = backlogSize(value)));
    },
    "[method]tcp-socket.keep-alive-enabled": (_context: HostContext, self: TcpSocket) => ok(self.options.keepAlive),
    "[method]tcp-socket.set-keep-alive-enabled": (_context: HostContext, self: TcpSocket, value: boolean) =>
      set(self, true, () => (self.options.keepAlive = value)),
    "[method]tcp-socket.keep-alive-idle-time": (_context: HostContext, self: TcpSocket) =>
      ok(self.options.keepAliveIdle),
    "[method]tcp-socket.set-keep-alive-idle-time": (_context: HostContext, self: TcpSocket, value: bigint) =>
      set(self, value, () => (self.options.keepAliveIdle = keepAliveDuration(value))),
    "[method]tcp-socket.keep-alive-interval": (_context: HostContext, self: TcpSocket) =>
      ok(self.options.keepAliveInterval),
    "[method]tcp-socket.set-keep-alive-interval": (_context: HostContext, self: TcpSocket, value: bigint) =>
      set(self, value, () => (self.options.keepAliveInterval = keepAliveDuration(value))),
    "[method]tcp-socket.keep-alive-count": (_context: HostContext, self: TcpSocket) => ok(self.options.keepAliveCount),
    "[method]tcp-socket.set-keep-alive-count": (_context: HostContext, self: TcpSocket, value: number) =>
      set(self, value, () => (self.options.keepAliveCount = keepAliveCount(value))),
    "[method]tcp-socket.hop-limit": (_context: HostContext, self: TcpSocket) => ok(self.options.hopLimit),
    "[method]tcp-socket.set-hop-limit": (_context: HostContext, self: TcpSocket, value: number) =>
      set(self, value, () => (self.options.hopLimit = value)),
    "[method]tcp-socket.receive-buffer-size": (_context: HostContext, self: TcpSocket) =>
      ok(self.options.receiveBuffer),
    "[method]tcp-socket.set-receive-buffer-size": (_context: HostContext, self: TcpSocket, value: bigint) =>
      set(self, value, () => (self.options.receiveBuffer = bufferSize(value))),
    "[method]tcp-socket.send-buffer-size": (_context: HostContext, self: TcpSocket) => ok(self.options.sendBuffer),
    "[method]tcp-socket.set-send-buffer-size": (_context: HostContext, self: TcpSocket, value: bigint) =>
      set(self, value, () => (self.options.sendBuffer = bufferSize(value))),
    "[method]tcp-socket.subscribe": (_context: HostContext, self: TcpSocket) => ok(new Pollable(self)),
    "[method]tcp-socket.shutdown": (_context: HostContext, self: TcpSocket, type: "receive" | "send" | "both") =>
      self.shutdown(type),
  },
});

/** Sets an option that WASI says may be anything but 0. */
function set(self: TcpSocket, value: number | bigint | true, store: () => unknown): SocketResult<void> {
  if (value === 0 || value === 0n) return fail("invalid-argument");
  store();
  self.applyOptions();
  return succeed(undefined);
}
