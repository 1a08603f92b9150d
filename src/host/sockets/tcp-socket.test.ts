import assert from "node:assert/strict";
import { once } from "node:events";
import type net from "node:net";
import { test } from "node:test";
import {
  LISTEN_LOOPBACK,
  LOOPBACK,
  socketAddress,
  SocketGuest,
  tcpClient,
  tcpServer,
} from "../../../test/support/socket-guest.ts";
import type { IpSocketAddress } from "./socket-address.ts";
import type { TcpInput, TcpOutput } from "./tcp-io.ts";
import type { TcpSocket } from "./tcp-socket.ts";
import { needing } from "../../../test/support/needs.ts";

const EVERYWHERE = ["tcp://loopback:*"];

for (const family of ["ipv4", "ipv6"] as const) {
  const address = LOOPBACK[family];
  const needs = family === "ipv6" ? (["ipv6"] as const) : [];

  test(
    `connects, sends and receives over ${family}`,
    needing(needs, async () => {
      await using server = await tcpServer((socket) => socket.pipe(socket), address);
      using guest = new SocketGuest({ allow: EVERYWHERE });
      const [socket, input, output] = await guest.connect(address, server.port);
      assert.deepEqual(guest.tcp("remote-address", socket), socketAddress(address, server.port));
      const local = guest.tcp<IpSocketAddress>("local-address", socket);
      assert.deepEqual(local, socketAddress(address, local.val.port));
      assert.notEqual(local.val.port, 0);
      await guest.write(output, Buffer.from("hello"));
      assert.equal(String(await guest.read(input, 5)), "hello");
      guest.tcp("shutdown", socket, "send");
      assert.equal(String(await guest.read(input, 1)), "", "the echo ends too");
      for (const one of [input, output, socket]) one[Symbol.dispose]();
      assert.equal(guest.context.meters.sockets.held, 0);
      assert.equal(guest.context.meters.connections.held, 0);
      assert.deepEqual(
        guest.context.observations.map(({ action, result }) => `${action} ${result}`),
        ["tcp.start-connect Allowed"],
      );
    }),
  );

  test(
    `listens and accepts over ${family}`,
    needing(needs, async () => {
      using guest = new SocketGuest({ listen: LISTEN_LOOPBACK });
      const [listener, port] = await guest.listen(address);
      guest.tcp("set-keep-alive-enabled", listener, true);
      guest.tcp("set-hop-limit", listener, 7);
      assert.equal(guest.codeOf("[method]tcp-socket.accept", listener), "would-block");
      const client = await tcpClient(port, address);
      const [socket, input, output] = await guest.finish<readonly [TcpSocket, TcpInput, TcpOutput]>("accept", listener);
      assert.equal(guest.tcp("keep-alive-enabled", socket), true);
      assert.equal(guest.tcp("hop-limit", socket), 7);
      assert.deepEqual(guest.tcp("remote-address", socket), socketAddress(address, client.localPort ?? 0));
      assert.deepEqual(guest.tcp("local-address", socket), socketAddress(address, port));
      client.end("question");
      assert.equal(String(await guest.read(input, 100)), "question");
      await guest.write(output, Buffer.from("answer"));
      const [answer] = await once(client, "data");
      assert.equal(String(answer), "answer");
      client.destroy();
      for (const one of [input, output, socket, listener]) one[Symbol.dispose]();
      assert.equal(guest.context.meters.sockets.held, 0);
      assert.equal(guest.context.meters.connections.held, 0);
    }),
  );
}

/** What each function answers in a state, for those that leave the state as it is. */
function refusals(guest: SocketGuest, socket: TcpSocket): Readonly<Record<string, string>> {
  const method = (name: string, ...parameters: readonly unknown[]): string =>
    guest.codeOf(`[method]tcp-socket.${name}`, socket, ...parameters);
  const somewhere = socketAddress("127.0.0.1", 0);
  return {
    "start-bind": method("start-bind", guest.network, somewhere),
    "finish-bind": method("finish-bind"),
    "start-connect": method("start-connect", guest.network, somewhere),
    "finish-connect": method("finish-connect"),
    "start-listen": method("start-listen"),
    "finish-listen": method("finish-listen"),
    accept: method("accept"),
    shutdown: method("shutdown", "both"),
    "local-address": method("local-address"),
    "remote-address": method("remote-address"),
  };
}

const UNFINISHED = {
  "finish-bind": "not-in-progress",
  "finish-connect": "not-in-progress",
  "finish-listen": "not-in-progress",
};

test("every function answers as WASI says in every state", async () => {
  await using server = await tcpServer(() => undefined);
  using guest = new SocketGuest({ allow: EVERYWHERE, listen: LISTEN_LOOPBACK });
  const nothing = {
    ...UNFINISHED,
    accept: "invalid-state",
    shutdown: "invalid-state",
    "local-address": "ok",
    "remote-address": "invalid-state",
  };
  const final = { "start-bind": "invalid-state", "start-connect": "invalid-state", "start-listen": "invalid-state" };
  const busy = {
    "start-bind": "concurrency-conflict",
    "start-connect": "concurrency-conflict",
    "start-listen": "concurrency-conflict",
  };

  const binding = guest.newTcp();
  const before = { ...refusals(guest, guest.newTcp()) };
  // Binding is asked for last, since it succeeds.
  assert.deepEqual(before, {
    ...nothing,
    "start-bind": "ok",
    "finish-bind": "ok",
    "start-connect": "invalid-argument",
    "start-listen": "ok",
    "finish-listen": "would-block",
  });
  assert.equal(guest.codeOf("[method]tcp-socket.start-listen", binding), "invalid-state", "not bound");
  assert.equal(guest.codeOf("[method]tcp-socket.local-address", binding), "invalid-state", "not bound");
  guest.tcp("start-bind", binding, guest.network, socketAddress("127.0.0.1", 0));
  assert.equal(guest.codeOf("[method]tcp-socket.local-address", binding), "invalid-state", "not bound yet");
  for (const name of ["start-connect", "start-bind"]) {
    const code = guest.codeOf(`[method]tcp-socket.${name}`, binding, guest.network, socketAddress("127.0.0.1", 1));
    assert.equal(code, "concurrency-conflict");
  }
  guest.tcp("finish-bind", binding);
  guest.tcp("start-listen", binding);
  assert.deepEqual(refusals(guest, binding), { ...nothing, ...busy, "finish-listen": "would-block" });
  await guest.finish("finish-listen", binding);
  assert.equal(guest.tcp("is-listening", binding), true);
  assert.deepEqual(refusals(guest, binding), { ...nothing, ...final, accept: "would-block" });

  const connecting = guest.newTcp();
  guest.tcp("start-connect", connecting, guest.network, socketAddress("127.0.0.1", server.port));
  assert.deepEqual(refusals(guest, connecting), { ...nothing, ...busy, "finish-connect": "would-block" });
  await guest.finish("finish-connect", connecting);
  assert.equal(guest.tcp("is-listening", connecting), false);
  assert.deepEqual(refusals(guest, connecting), { ...nothing, ...final, "remote-address": "ok", shutdown: "ok" });

  const closed = guest.newTcp();
  guest.tcp("start-connect", closed, guest.network, socketAddress("127.0.0.1", await freePort()));
  await assert.rejects(guest.finish("finish-connect", closed), { message: "connection-refused" });
  assert.deepEqual(refusals(guest, closed), { ...nothing, ...final, "local-address": "invalid-state" });
  assert.equal(guest.context.meters.connections.held, 1);
});

async function freePort(): Promise<number> {
  await using server = await tcpServer(() => undefined);
  return server.port;
}

test("a socket that was bound connects from where it is bound", async () => {
  let from: number | undefined;
  await using server = await tcpServer((socket) => (from = socket.remotePort));
  using guest = new SocketGuest({ allow: EVERYWHERE });
  const socket = guest.newTcp();
  guest.tcp("start-bind", socket, guest.network, socketAddress("127.0.0.1", 0));
  guest.tcp("finish-bind", socket);
  const { port } = guest.tcp<IpSocketAddress>("local-address", socket).val;
  guest.tcp("start-connect", socket, guest.network, socketAddress("127.0.0.1", server.port));
  await guest.finish("finish-connect", socket);
  assert.equal(from, port);
});

test("an address that is taken, or is none of this machine's, is reported", async () => {
  using guest = new SocketGuest({ listen: [...LISTEN_LOOPBACK, ...["192.0.2.1"].map((one) => rule(one))] });
  const [, port] = await guest.listen("127.0.0.1");
  const second = guest.newTcp();
  const bind = (address: string, port: number): string =>
    guest.codeOf("[method]tcp-socket.start-bind", second, guest.network, socketAddress(address, port));
  assert.equal(bind("127.0.0.1", port), "address-in-use");
  assert.equal(bind("192.0.2.1", 0), "address-not-bindable");
  assert.equal(bind("127.0.0.1", 0), "ok", "a bind that failed can be tried again");
});

function rule(address: string): (typeof LISTEN_LOOPBACK)[number] {
  return { schemes: ["tcp"], address, prefix: 32, ports: [{ start: 0, end: 65_535 }], written: address };
}

test("options are kept, cut to what systems take, and never 0", () => {
  using guest = new SocketGuest({ allow: EVERYWHERE });
  const socket = guest.newTcp();
  const seconds = 1_000_000_000n;
  for (const [name, value, expected] of [
    ["keep-alive-idle-time", 1n, seconds],
    ["keep-alive-idle-time", 2n ** 64n - 1n, 32_767n * seconds],
    ["keep-alive-interval", 3n * seconds, 3n * seconds],
    ["keep-alive-count", 4_294_967_295, 127],
    ["hop-limit", 255, 255],
    ["receive-buffer-size", 2n ** 64n - 1n, 1024n * 1024n],
    ["send-buffer-size", 1n, 1024n],
  ] as const) {
    guest.tcp(`set-${name}`, socket, value);
    assert.equal(guest.tcp(name, socket), expected, name);
    const zero = typeof value === "bigint" ? 0n : 0;
    assert.equal(guest.codeOf(`[method]tcp-socket.set-${name}`, socket, zero), "invalid-argument", name);
  }
  assert.equal(guest.codeOf("[method]tcp-socket.set-listen-backlog-size", socket, 0n), "invalid-argument");
  assert.equal(guest.codeOf("[method]tcp-socket.set-listen-backlog-size", socket, 2n ** 64n - 1n), "ok");
  assert.equal(guest.tcp("address-family", socket), "ipv4");
  assert.equal(guest.tcp("keep-alive-enabled", socket), false);
  socket[Symbol.dispose]();
});

test("shutdown: receiving ends at once, sending after what was written", async () => {
  const received: (string | Buffer)[] = [];
  const ended = Promise.withResolvers<void>();
  await using server = await tcpServer((socket) => {
    socket.write("unread");
    socket.on("data", (data) => received.push(data));
    socket.on("end", () => ended.resolve());
  });
  using guest = new SocketGuest({ allow: EVERYWHERE });
  const [socket, input, output] = await guest.connect("127.0.0.1", server.port);
  await guest.until(input);
  guest.tcp("shutdown", socket, "receive");
  assert.deepEqual(input.read(guest.context, 1), { tag: "err", val: { tag: "closed" } });
  output.write(guest.context, new Uint8Array(60_000));
  guest.tcp("shutdown", socket, "both");
  guest.tcp("shutdown", socket, "both");
  assert.deepEqual(output.checkWrite(), { tag: "err", val: { tag: "closed" } });
  await ended.promise;
  assert.equal(lengthOf(received), 60_000);
});

function lengthOf(parts: readonly (string | Buffer)[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

test("what was written is sent although everything was dropped", async () => {
  const received: (string | Buffer)[] = [];
  const ended = Promise.withResolvers<void>();
  await using server = await tcpServer((socket) => {
    socket.on("data", (data) => received.push(data));
    socket.on("end", () => ended.resolve());
  });
  using guest = new SocketGuest({ allow: EVERYWHERE });
  const [socket, input, output] = await guest.connect("127.0.0.1", server.port);
  output.write(guest.context, new Uint8Array(65_536));
  for (const one of [socket, output, input]) one[Symbol.dispose]();
  await ended.promise;
  assert.equal(lengthOf(received), 65_536);
});

test("streams outlive their socket", async () => {
  await using server = await tcpServer((socket) => socket.pipe(socket));
  using guest = new SocketGuest({ allow: EVERYWHERE });
  const [socket, input, output] = await guest.connect("127.0.0.1", server.port);
  socket[Symbol.dispose]();
  await guest.write(output, Buffer.from("still"));
  assert.equal(String(await guest.read(input, 5)), "still");
  assert.equal(guest.context.meters.sockets.held, 1, "the socket is counted as long as it is open");
  input[Symbol.dispose]();
  output[Symbol.dispose]();
  assert.equal(guest.context.meters.sockets.held, 0);
});

test("a connection that is reset is an error once, and closed from then on", async () => {
  await using server = await tcpServer((socket) => socket.on("data", () => socket.resetAndDestroy()));
  using guest = new SocketGuest({ allow: EVERYWHERE });
  const [, input, output] = await guest.connect("127.0.0.1", server.port);
  await guest.write(output, Buffer.from("x"));
  while (!input.ready()) await input.wait(guest.context.signal);
  const first = input.read(guest.context, 1);
  assert.equal(first.tag === "err" && first.val.tag, "last-operation-failed");
  assert.deepEqual(input.read(guest.context, 1), { tag: "err", val: { tag: "closed" } });
  const write = output.checkWrite();
  assert.equal(write.tag === "err" && write.val.tag, "last-operation-failed");
  assert.deepEqual(output.checkWrite(), { tag: "err", val: { tag: "closed" } });
  assert.equal(guest.context.meters.connections.held, 0);
});

test("a flush is done when the other end's system has the bytes", async () => {
  const reader = Promise.withResolvers<net.Socket>();
  await using server = await tcpServer((socket) => reader.resolve(socket.pause()));
  using guest = new SocketGuest({ allow: EVERYWHERE });
  const [, , output] = await guest.connect("127.0.0.1", server.port);
  // Fills what the two systems hold, until the rest stays with the host.
  for (;;) {
    const room = output.checkWrite();
    assert.equal(room.tag, "ok");
    if (room.tag === "ok" && room.val === 0) break;
    output.write(guest.context, new Uint8Array(room.val));
    await new Promise(setImmediate);
  }
  output.flush();
  assert.equal(output.ready(), false);
  (await reader.promise).resume();
  await guest.until(output);
  assert.equal(output.queued, 0);
});
