import dgram from "node:dgram";
import { once } from "node:events";
import net from "node:net";
import type { HostInterface } from "../../src/host/capability.ts";
import type { Pollable } from "../../src/host/io/pollable.ts";
import { ipNameLookup } from "../../src/host/sockets/name-lookup-binding.ts";
import { Network } from "../../src/host/sockets/network-binding.ts";
import type { IpAddressFamily, IpSocketAddress } from "../../src/host/sockets/socket-address.ts";
import { tcp } from "../../src/host/sockets/tcp-binding.ts";
import { tcpCreateSocket } from "../../src/host/sockets/tcp-create-socket-binding.ts";
import type { TcpInput, TcpOutput } from "../../src/host/sockets/tcp-io.ts";
import type { TcpSocket } from "../../src/host/sockets/tcp-socket.ts";
import { udp } from "../../src/host/sockets/udp-binding.ts";
import { udpCreateSocket } from "../../src/host/sockets/udp-create-socket-binding.ts";
import type { UdpSocket } from "../../src/host/sockets/udp-socket.ts";
import type {
  IncomingDatagramStream,
  OutgoingDatagram,
  OutgoingDatagramStream,
} from "../../src/host/sockets/udp-streams.ts";
import type { Grants, ListenRule, LookupRule, NetworkRule } from "../../src/policy/grants.ts";
import { parseNetworkRule } from "../../src/policy/network-rule.ts";
import type { Limits } from "../../src/shared/limits/limits.ts";
import { callHost, hostContext, type TestContext } from "./host-context.ts";

/** The names of a family's loopback address. */
export const LOOPBACK: Readonly<Record<IpAddressFamily, string>> = { ipv4: "127.0.0.1", ipv6: "::1" };

function hextets(text: string): readonly number[] {
  return text === "" ? [] : text.split(":").map((part) => Number.parseInt(part, 16));
}

/** An address as guests write it. */
export function socketAddress(address: string, port: number): IpSocketAddress {
  if (net.isIPv4(address)) {
    return { tag: "ipv4", val: { port, address: address.split(".").map(Number) as never } };
  }
  const [head = "", tail = ""] = address.split("::");
  const [left, right] = [hextets(head), hextets(tail)];
  const all = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right];
  return { tag: "ipv6", val: { port, flowInfo: 0, address: all as never, scopeId: 0 } };
}

/** Rules as an operator writes them. */
function rules(use: "allow" | "deny", written: readonly string[] = []): readonly NetworkRule[] {
  return written.map((one) => {
    const parsed = parseNetworkRule(one, use);
    if (!parsed.ok) throw new Error(parsed.problem);
    return parsed.rule;
  });
}

/** Everything a guest may reach, in the form of grants. */
export interface Reach {
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
  readonly listen?: readonly ListenRule[];
  readonly lookup?: readonly LookupRule["target"][];
}

/** A rule to listen on an address, by default for TCP and UDP on every port. */
export function listenOn(address: string, prefix: number, options: Partial<ListenRule> = {}): ListenRule {
  return { schemes: ["tcp", "udp"], address, prefix, ports: [{ start: 0, end: 65_535 }], written: address, ...options };
}

/** The two loopback addresses. */
export const LISTEN_LOOPBACK: readonly ListenRule[] = [listenOn("127.0.0.1", 32), listenOn("::1", 128)];

/**
 * What a guest sees of sockets: the host functions by their names in WIT, with handles as the objects they stand for. Disposing
 * of it ends its invocation.
 */
export class SocketGuest implements Disposable {
  readonly context: TestContext;
  readonly network: Network = new Network();

  constructor(reach: Reach = {}, limits: Partial<Limits> = {}) {
    const grants: Partial<Grants> = {
      network: { allow: rules("allow", reach.allow), deny: rules("deny", reach.deny) },
      listen: reach.listen ?? [],
      lookup: (reach.lookup ?? []).map((target) => ({ target, written: target.kind })),
    };
    this.context = hostContext({ grants, limits });
  }

  [Symbol.dispose](): void {
    this.context.abort();
  }

  /** Calls a function of `wasi:sockets`; throws its error code. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows the type from WIT
  call<T>(name: string, ...parameters: readonly unknown[]): T {
    const result = callHost(providerOf(name), name, this.context, ...parameters);
    if (result instanceof Promise) throw new Error(`${name} waits`);
    if (result.tag === "err") throw new SocketFailure(String(result.val));
    return result.val as T;
  }

  /** The error code that a call answers, or `ok`. */
  codeOf(name: string, ...parameters: readonly unknown[]): string {
    try {
      this.call(name, ...parameters);
      return "ok";
    } catch (error) {
      if (error instanceof SocketFailure) return error.message;
      throw error;
    }
  }

  /** A method of a TCP socket. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows the type from WIT
  tcp<T>(method: string, self: TcpSocket, ...parameters: readonly unknown[]): T {
    return this.call(`[method]tcp-socket.${method}`, self, ...parameters);
  }

  /** A method of a UDP socket. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows the type from WIT
  udp<T>(method: string, self: UdpSocket, ...parameters: readonly unknown[]): T {
    return this.call(`[method]udp-socket.${method}`, self, ...parameters);
  }

  newTcp(family: IpAddressFamily = "ipv4"): TcpSocket {
    return this.call("create-tcp-socket", family);
  }

  newUdp(family: IpAddressFamily = "ipv4"): UdpSocket {
    return this.call("create-udp-socket", family);
  }

  /** What a new socket's `start-connect` answers. */
  connectCode(address: IpSocketAddress): string {
    using socket = this.newTcp(address.tag);
    return this.codeOf("[method]tcp-socket.start-connect", socket, this.network, address);
  }

  /** What `send` answers, after its `check-send`. */
  sendCode(outgoing: OutgoingDatagramStream, ...datagrams: readonly OutgoingDatagram[]): string {
    this.call("[method]outgoing-datagram-stream.check-send", outgoing);
    return this.codeOf("[method]outgoing-datagram-stream.send", outgoing, datagrams);
  }

  /** Calls until the answer is not `would-block`, waiting for the pollable in between. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows the type from WIT
  async finish<T>(method: string, self: TcpSocket): Promise<T> {
    const pollable = this.tcp<Pollable>("subscribe", self);
    for (;;) {
      try {
        return this.tcp(method, self);
      } catch (error) {
        if (!(error instanceof SocketFailure) || error.message !== "would-block") throw error;
      }
      await pollable.block(this.context.signal);
      if (this.context.signal.aborted) throw new Error("the invocation ended");
    }
  }

  /** A connected socket and its streams. */
  async connect(address: string, port: number): Promise<readonly [TcpSocket, TcpInput, TcpOutput]> {
    const socket = this.newTcp(net.isIPv6(address) ? "ipv6" : "ipv4");
    this.tcp("start-connect", socket, this.network, socketAddress(address, port));
    return [socket, ...(await this.finish<readonly [TcpInput, TcpOutput]>("finish-connect", socket))];
  }

  /** A listening socket, and its port. */
  async listen(address: string, port = 0): Promise<readonly [TcpSocket, number]> {
    const socket = this.newTcp(net.isIPv6(address) ? "ipv6" : "ipv4");
    this.tcp("start-bind", socket, this.network, socketAddress(address, port));
    this.tcp("finish-bind", socket);
    this.tcp("start-listen", socket);
    await this.finish("finish-listen", socket);
    return [socket, this.tcp<IpSocketAddress>("local-address", socket).val.port];
  }

  /** A bound UDP socket with streams, and its port. */
  bindUdp(address: string, port = 0, remote?: IpSocketAddress): UdpSetup {
    const socket = this.newUdp(net.isIPv6(address) ? "ipv6" : "ipv4");
    this.udp("start-bind", socket, this.network, socketAddress(address, port));
    this.udp("finish-bind", socket);
    const [incoming, outgoing] = this.udp<readonly [IncomingDatagramStream, OutgoingDatagramStream]>(
      "stream",
      socket,
      remote,
    );
    return { socket, incoming, outgoing, port: this.udp<IpSocketAddress>("local-address", socket).val.port };
  }

  /** Waits until something is ready. */
  async until(on: {
    readonly ready: () => boolean;
    readonly wait: (signal: AbortSignal) => Promise<void>;
  }): Promise<void> {
    while (!on.ready() && !this.context.signal.aborted) await on.wait(this.context.signal);
  }

  /** Reads until there are `length` bytes, or the end. */
  async read(input: TcpInput, length: number): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    for (let have = 0; have < length;) {
      const result = input.read(this.context, length - have);
      if (result.tag === "err") {
        if (result.val.tag === "closed") break;
        throw new Error(result.val.val.message);
      }
      parts.push(result.val);
      have += result.val.length;
      if (result.val.length === 0) await this.until(input);
    }
    return Buffer.concat(parts);
  }

  /** Writes all bytes and flushes them. */
  async write(output: TcpOutput, bytes: Uint8Array): Promise<void> {
    for (let written = 0; written < bytes.length;) {
      const room = output.checkWrite();
      if (room.tag === "err") throw new Error(room.val.tag);
      const part = bytes.slice(written, written + room.val);
      const result = output.write(this.context, part);
      if (result.tag === "err") throw new Error(result.val.tag);
      written += part.length;
      if (room.val === 0) await this.until(output);
    }
    output.flush();
    await this.until(output);
  }
}

/** The error code of a socket function. */
export class SocketFailure extends Error {}

export interface UdpSetup {
  readonly socket: UdpSocket;
  readonly incoming: IncomingDatagramStream;
  readonly outgoing: OutgoingDatagramStream;
  readonly port: number;
}

const PROVIDERS: readonly HostInterface[] = [tcp, tcpCreateSocket, udp, udpCreateSocket, ipNameLookup];

function providerOf(name: string): HostInterface {
  const found = PROVIDERS.find(({ functions }) => functions.some((one) => one.name === name));
  if (found === undefined) throw new Error(`no interface of sockets has ${name}`);
  return found;
}

/** A TCP server of the test, which goes away with it. */
export async function tcpServer(
  onConnection: (socket: net.Socket) => void,
  address = "127.0.0.1",
): Promise<{ readonly port: number } & AsyncDisposable> {
  const open = new Set<net.Socket>();
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => open.delete(socket));
    onConnection(socket);
  });
  server.listen(0, address);
  await once(server, "listening");
  return {
    port: (server.address() as net.AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** A connection of the test's own. */
export async function tcpClient(port: number, address = "127.0.0.1"): Promise<net.Socket> {
  const socket = net.connect({ port, host: address, allowHalfOpen: true });
  await once(socket, "connect");
  socket.on("error", () => undefined);
  return socket;
}

/** A UDP socket of the test's own, which goes away with it. */
export async function udpPeer(
  address = "127.0.0.1",
): Promise<{ readonly socket: dgram.Socket; readonly port: number } & Disposable> {
  const socket = dgram.createSocket(net.isIPv6(address) ? "udp6" : "udp4");
  socket.bind(0, address);
  await once(socket, "listening");
  return { socket, port: socket.address().port, [Symbol.dispose]: () => void socket.close() };
}

/** How many sockets of the operating system this thread has open. */
export function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => /TCP|UDP/u.test(name)).length;
}
