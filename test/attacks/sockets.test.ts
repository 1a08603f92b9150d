import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  LISTEN_LOOPBACK,
  listenOn,
  openSockets,
  socketAddress,
  SocketFailure,
  SocketGuest,
  tcpClient,
  tcpServer,
  udpPeer,
} from "../support/socket-guest.ts";
import type { Pollable } from "../../src/host/io/pollable.ts";
import { socketSession } from "../../src/host/sockets/socket-session.ts";
import type { IpSocketAddress } from "../../src/host/sockets/socket-address.ts";
import type { IncomingDatagram, OutgoingDatagram, OutgoingDatagramStream } from "../../src/host/sockets/udp-streams.ts";

/*
 * Raw sockets against the host functions themselves, with real sockets at the other end. Each case was seen to fail with the
 * weakening that its comment names.
 */

const MB = 1024 * 1024;

function connectCode(guest: SocketGuest, address: IpSocketAddress): string {
  const socket = guest.newTcp(address.tag);
  const code = guest.codeOf("[method]tcp-socket.start-connect", socket, guest.network, address);
  socket[Symbol.dispose]();
  return code;
}

function sendCode(
  guest: SocketGuest,
  outgoing: OutgoingDatagramStream,
  ...datagrams: readonly OutgoingDatagram[]
): string {
  guest.call("[method]outgoing-datagram-stream.check-send", outgoing);
  return guest.codeOf("[method]outgoing-datagram-stream.send", outgoing, datagrams);
}

function to(address: string, port: number): OutgoingDatagram {
  return { data: Buffer.from("attack"), remoteAddress: socketAddress(address, port) };
}

// Weakening: `checkCreate` allows everything.
test("without a grant there is no socket of any kind, and each attempt is recorded", () => {
  for (const reach of [{}, { allow: ["https://example.com", "example.com"] }, { lookup: [{ kind: "any" }] }] as const) {
    using guest = new SocketGuest(reach);
    for (const name of ["create-tcp-socket", "create-udp-socket"]) {
      for (const family of ["ipv4", "ipv6"]) assert.equal(guest.codeOf(name, family), "access-denied");
    }
    assert.equal(guest.context.observations.length, 4);
    assert.ok(guest.context.observations.every(({ result }) => result === "Denied"));
    assert.equal(guest.context.meters.sockets.held, 0);
  }
});

// Weakening: `startConnect` does not ask `checkSocketAddress`.
test("a granted host on another port, another host on a granted port, and another protocol are refused", async () => {
  let reached = 0;
  await using granted = await tcpServer(() => undefined);
  await using other = await tcpServer(() => (reached += 1));
  using guest = new SocketGuest({ allow: [`tcp://127.0.0.1:${granted.port}`, `udp://127.0.0.2:${other.port}`] });
  for (const [address, port] of [
    ["127.0.0.1", other.port],
    ["127.0.0.2", granted.port],
    ["127.0.0.2", other.port],
    ["169.254.169.254", granted.port],
    ["::1", granted.port],
  ] as const) {
    assert.equal(connectCode(guest, socketAddress(address, port)), "access-denied", `${address}:${port}`);
  }
  await guest.connect("127.0.0.1", granted.port);
  await nextTurn();
  assert.equal(reached, 0);
  assert.equal(guest.context.observations.filter(({ result }) => result === "Denied").length, 5);
});

// Weakening: `readEndpoint` lets IPv4-mapped addresses through (the grant of everything then reaches 127.0.0.1).
test("no form of an address reaches what the address itself may not", () => {
  using guest = new SocketGuest({ allow: ["tcp://*:*", "tcp://[2002::]/16:*"], deny: ["tcp://127.0.0.0/8"] });
  for (const [address, code] of [
    ["::ffff:7f00:1", "invalid-argument"],
    ["::ffff:808:808", "invalid-argument"],
    ["::7f00:1", "access-denied"],
    ["64:ff9b::7f00:1", "access-denied"],
    ["64:ff9b:1::7f00:1", "access-denied"],
    ["2002:7f00:1::", "access-denied"],
    ["::ffff:0:7f00:1", "access-denied"],
    ["fe80::1", "access-denied"],
    ["fd00::1", "access-denied"],
    ["127.0.0.1", "access-denied"],
    ["10.0.0.1", "access-denied"],
    ["169.254.169.254", "access-denied"],
    ["0.0.0.0", "invalid-argument"],
    ["::", "invalid-argument"],
    ["224.0.0.1", "invalid-argument"],
    ["255.255.255.255", "invalid-argument"],
    ["ff02::1", "invalid-argument"],
  ] as const) {
    assert.equal(connectCode(guest, socketAddress(address, 80)), code, address);
  }
  using any = new SocketGuest({ allow: ["tcp://any:*"] });
  assert.equal(connectCode(any, socketAddress("::ffff:7f00:1", 80)), "invalid-argument", "whatever is granted");
});

// Weakening: `startListen` does not ask for the rule.
test("to connect is not to listen, on any port and by any order of calls", () => {
  using guest = new SocketGuest({ allow: ["tcp://loopback:*", "udp://loopback:*"] });
  for (const [address, port, bound] of [
    ["127.0.0.1", 0, "ok"],
    ["0.0.0.0", 0, "ok"],
    ["127.0.0.1", 18_080, "access-denied"],
    ["0.0.0.0", 18_080, "access-denied"],
  ] as const) {
    const socket = guest.newTcp();
    const at = socketAddress(address, port);
    assert.equal(guest.codeOf("[method]tcp-socket.start-bind", socket, guest.network, at), bound);
    guest.codeOf("[method]tcp-socket.finish-bind", socket);
    const expected = bound === "ok" ? "access-denied" : "invalid-state";
    assert.equal(guest.codeOf("[method]tcp-socket.start-listen", socket), expected);
    assert.equal(guest.tcp("is-listening", socket), false);
    const udp = guest.newUdp();
    assert.equal(guest.codeOf("[method]udp-socket.start-bind", udp, guest.network, at), bound);
    socket[Symbol.dispose]();
    udp[Symbol.dispose]();
  }
  using elsewhere = new SocketGuest({ listen: [listenOn("127.0.0.1", 32, { ports: [{ start: 9_000, end: 9_001 }] })] });
  for (const [address, port] of [
    ["127.0.0.1", 8_999],
    ["127.0.0.1", 0],
    ["127.0.0.2", 9_000],
    ["0.0.0.0", 9_000],
  ] as const) {
    const socket = elsewhere.newTcp();
    const code = elsewhere.codeOf(
      "[method]tcp-socket.start-bind",
      socket,
      elsewhere.network,
      socketAddress(address, port),
    );
    assert.equal(code, "access-denied", `${address}:${port}`);
    socket[Symbol.dispose]();
  }
});

// Weakening: `mayReach` is not asked for each datagram.
test("every datagram's address is checked, on connected sockets too", async () => {
  using granted = await udpPeer();
  using other = await udpPeer();
  const got: string[] = [];
  other.socket.on("message", (data) => got.push(String(data)));
  using guest = new SocketGuest({ allow: [`udp://127.0.0.1:${granted.port}`] });
  const { socket, outgoing } = guest.bindUdp("127.0.0.1");
  assert.equal(sendCode(guest, outgoing, to("127.0.0.1", other.port)), "access-denied");
  guest.call("[method]outgoing-datagram-stream.check-send", outgoing);
  const both = [to("127.0.0.1", granted.port), to("127.0.0.1", other.port)];
  assert.equal(guest.call("[method]outgoing-datagram-stream.send", outgoing, both), 1n, "only the first of the two");
  const stream = (port: number): string =>
    guest.codeOf("[method]udp-socket.stream", socket, socketAddress("127.0.0.1", port));
  assert.equal(stream(other.port), "access-denied");
  assert.equal(stream(granted.port), "ok");
  await once(granted.socket, "message");
  assert.deepEqual(got, []);
});

// Weakening: `UdpPort.#wants` takes datagrams of anyone.
test("a client gets datagrams of those it has sent to, and of nobody else", async () => {
  using peer = await udpPeer();
  using stranger = await udpPeer();
  using guest = new SocketGuest({ allow: ["udp://loopback:*"] });
  const { incoming, outgoing, port } = guest.bindUdp("127.0.0.1");
  const shout = (from: typeof peer, text: string): Promise<unknown> =>
    new Promise((resolve) => from.socket.send(text, port, "127.0.0.1", resolve));
  await shout(peer, "unasked");
  await shout(stranger, "unasked");
  for (let turn = 0; turn < 5; turn += 1) await nextTurn();
  assert.equal(sendCode(guest, outgoing, to("127.0.0.1", peer.port)), "ok");
  await once(peer.socket, "message");
  await shout(stranger, "injected");
  await shout(peer, "answer");
  await guest.until(incoming);
  const got = guest.call<IncomingDatagram[]>("[method]incoming-datagram-stream.receive", incoming, 10n);
  assert.deepEqual(
    got.map(({ data }) => String(Buffer.from(data))),
    ["answer"],
  );
});

// Weakening: READ_AHEAD_BYTES is 64 MiB; or `read` asks the socket for a length.
test("a peer that sends without end is held back, and the host holds no more than it said", async () => {
  let sent = 0;
  await using flood = await tcpServer((socket) => {
    const chunk = Buffer.alloc(256 * 1024);
    const more = (): void => {
      while (socket.write(chunk)) sent += chunk.length;
      sent += chunk.length;
    };
    socket.on("drain", more);
    more();
  });
  using guest = new SocketGuest({ allow: ["tcp://loopback:*"] });
  const [, input] = await guest.connect("127.0.0.1", flood.port);
  await guest.until(input);
  for (let turn = 0; turn < 200; turn += 1) await nextTurn();
  assert.ok(input.buffered <= 128 * 1024, `the host holds ${input.buffered} bytes`);
  for (let reads = 0; reads < 500; reads += 1) {
    const read = input.read(guest.context, MB);
    if (read.tag === "ok" && read.val.length === 0) await guest.until(input);
    assert.ok(input.buffered <= 128 * 1024, `the host holds ${input.buffered} bytes after ${reads} reads`);
  }
  assert.ok(sent > 0);
});

// Weakening: `checkWrite` does not subtract what is queued.
test("a peer that never reads stops the guest, not the host", async () => {
  await using silent = await tcpServer((socket) => void socket.pause());
  using guest = new SocketGuest({ allow: ["tcp://loopback:*"] });
  const [, , output] = await guest.connect("127.0.0.1", silent.port);
  let written = 0;
  for (let turn = 0; turn < 2_000; turn += 1) {
    const room = output.checkWrite();
    assert.equal(room.tag, "ok");
    const bytes = room.val;
    if (bytes > 0) output.write(guest.context, new Uint8Array(bytes));
    written += bytes;
    assert.ok(output.queued <= 64 * 1024, `${output.queued} bytes are queued`);
    await nextTurn();
  }
  assert.ok(written < 64 * MB);
  assert.equal(output.ready(), false);
});

// Weakening: DatagramQueue without its bounds.
test("a flood of datagrams is dropped beyond a bound", async () => {
  using peer = await udpPeer();
  using guest = new SocketGuest({ listen: LISTEN_LOOPBACK });
  const { incoming, port } = guest.bindUdp("127.0.0.1");
  for (let round = 0; round < 40; round += 1) {
    for (let sent = 0; sent < 50; sent += 1) peer.socket.send(Buffer.alloc(8_000), port, "127.0.0.1");
    await nextTurn();
  }
  let held = 0;
  for (;;) {
    const got = guest.call<IncomingDatagram[]>("[method]incoming-datagram-stream.receive", incoming, 2n ** 64n - 1n);
    if (got.length === 0) break;
    assert.ok(got.length <= 64);
    held += got.reduce((sum, { data }) => sum + data.length, 0);
  }
  assert.ok(held > 0);
  assert.ok(held <= 256 * 1024, `${held} bytes were held`);
});

// Weakening: connections that come in are not counted.
test("connections that nobody accepts are bounded and counted, and the rest is closed", async () => {
  using guest = new SocketGuest({ listen: LISTEN_LOOPBACK }, { maxConnections: 4, maxSockets: 3 });
  const [listener, port] = await guest.listen("127.0.0.1");
  const clients = await Promise.all(Array.from({ length: 12 }, async () => tcpClient(port)));
  let closed = 0;
  const eight = Promise.withResolvers<void>();
  for (const client of clients) {
    client.resume().on("close", () => {
      closed += 1;
      if (closed === 8) eight.resolve();
    });
    client.on("end", () => client.end());
  }
  await eight.promise;
  assert.equal(guest.context.meters.connections.held, 4);
  const accepted = [await guest.finish("accept", listener), await guest.finish("accept", listener)];
  assert.equal(accepted.length, 2);
  assert.equal(guest.codeOf("[method]tcp-socket.accept", listener), "new-socket-limit");
  assert.equal(guest.context.meters.sockets.held, 3);
  const limits = guest.context.observations.filter(({ eventType }) => eventType === "PolicyViolation");
  assert.equal(limits.length, 2, "the flood is recorded once, and the guest's own limit");
  guest.context.abort();
  assert.equal(guest.context.meters.connections.held, 0);
  for (const client of clients) client.destroy();
});

// Weakening: sockets are not counted.
test("a flood of sockets and connections ends at the limits, and dropping them frees them", async () => {
  await using server = await tcpServer(() => undefined);
  using guest = new SocketGuest(
    { allow: ["tcp://loopback:*", "udp://loopback:*"] },
    { maxSockets: 8, maxConnections: 4 },
  );
  for (let round = 0; round < 50; round += 1) {
    const sockets: Disposable[] = [];
    for (;;) {
      try {
        sockets.push(round % 2 === 0 ? guest.newTcp() : guest.newUdp());
      } catch (error) {
        assert.ok(error instanceof SocketFailure && error.message === "new-socket-limit");
        break;
      }
    }
    assert.equal(sockets.length, 8);
    for (const socket of sockets) socket[Symbol.dispose]();
  }
  const connecting = Array.from({ length: 6 }, () => guest.newTcp());
  const codes = connecting.map((socket) =>
    guest.codeOf("[method]tcp-socket.start-connect", socket, guest.network, socketAddress("127.0.0.1", server.port)),
  );
  assert.deepEqual(codes, ["ok", "ok", "ok", "ok", "new-socket-limit", "new-socket-limit"]);
  for (const socket of connecting) socket[Symbol.dispose]();
  assert.equal(guest.context.meters.connections.held, 0);
  assert.equal(guest.context.meters.sockets.held, 0);
});

// Weakening: the connection is not counted once its handles are dropped.
test("connections that were dropped with unsent bytes stay counted until they are gone", async () => {
  await using silent = await tcpServer((socket) => void socket.pause());
  using guest = new SocketGuest({ allow: ["tcp://loopback:*"] }, { maxConnections: 2 });
  for (let made = 0; made < 2; made += 1) {
    const [socket, input, output] = await guest.connect("127.0.0.1", silent.port);
    for (let turn = 0; turn < 500 && output.queued < 64 * 1024; turn += 1) {
      const room = Number(output.checkWrite().val);
      if (room > 0) output.write(guest.context, new Uint8Array(room));
      await nextTurn();
    }
    assert.ok(output.queued > 0);
    for (const one of [socket, input, output]) one[Symbol.dispose]();
  }
  assert.equal(connectCode(guest, socketAddress("127.0.0.1", silent.port)), "new-socket-limit");
  guest.context.abort();
  assert.equal(guest.context.meters.connections.held, 0);
  assert.equal(guest.context.meters.sockets.held, 0);
});

// Weakening: the wait of a connecting socket does not listen to the signal.
test("a connection that is never answered ends with the invocation", async () => {
  // An address for documentation, which no machine has.
  using guest = new SocketGuest({ allow: ["tcp://192.0.2.0/24:*"] });
  const socket = guest.newTcp();
  const code = guest.codeOf("[method]tcp-socket.start-connect", socket, guest.network, socketAddress("192.0.2.1", 9));
  assert.equal(code, "ok");
  const waiting = guest.tcp<Pollable>("subscribe", socket).block(guest.context.signal);
  guest.context.abort();
  await waiting;
  assert.equal(guest.codeOf("[method]tcp-socket.finish-connect", socket), "not-in-progress");
  assert.equal(guest.context.meters.connections.held, 0);
});

// Weakening: `closeAtEnd` keeps nothing.
test("nothing of the sockets stays open when an invocation ends, whatever the guest held", async () => {
  await allClosed();
  {
    await using server = await tcpServer((socket) => socket.resume());
    using peer = await udpPeer();
    using guest = new SocketGuest({ allow: ["tcp://loopback:*", "udp://loopback:*"], listen: LISTEN_LOOPBACK });
    const [, port] = await guest.listen("127.0.0.1");
    const client = await tcpClient(port);
    const [, input] = await guest.connect("127.0.0.1", server.port);
    const bound = guest.newTcp();
    guest.tcp("start-bind", bound, guest.network, socketAddress("127.0.0.1", 0));
    guest.bindUdp("127.0.0.1", 0, socketAddress("127.0.0.1", peer.port));
    const connecting = guest.newTcp();
    guest.tcp("start-connect", connecting, guest.network, socketAddress("127.0.0.1", server.port));
    const reading = guest.until(input);
    guest.context.abort();
    await reading;
    const { sockets, connections } = guest.context.meters;
    assert.deepEqual([sockets.held, connections.held], [0, 0]);
    await assert.rejects(once(net.connect(port, "127.0.0.1"), "connect"), { code: "ECONNREFUSED" });
    client.destroy();
  }
  await allClosed();
});

/** Gives what is being closed the turns that it takes. */
async function allClosed(): Promise<void> {
  for (let turn = 0; turn < 1_000 && openSockets() > 0; turn += 1) await nextTurn();
  assert.equal(openSockets(), 0);
}

// Weakening: the debt of a charge is kept by the stream, or not at all.
test("bytes are charged over all sockets, and dropping one does not forget what it owes", async () => {
  await using server = await tcpServer((socket) => socket.resume());
  using peer = await udpPeer();
  using guest = new SocketGuest(
    { allow: ["tcp://loopback:*", "udp://loopback:*"] },
    { maxWriteBytes: 100_000, writeBytesPerSecond: 1_000, maxReadBytes: 10 },
  );
  const first = guest.bindUdp("127.0.0.1");
  const large: OutgoingDatagram = {
    data: new Uint8Array(60_000),
    remoteAddress: socketAddress("127.0.0.1", peer.port),
  };
  assert.equal(sendCode(guest, first.outgoing, large), "ok", "one may pass the rate");
  for (const one of [first.socket, first.incoming, first.outgoing]) one[Symbol.dispose]();
  const second = guest.bindUdp("127.0.0.1");
  assert.equal(guest.call("[method]outgoing-datagram-stream.check-send", second.outgoing), 0n);
  assert.equal(second.outgoing.ready(), false);
  const [, , output] = await guest.connect("127.0.0.1", server.port);
  assert.deepEqual(output.checkWrite(), { tag: "ok", val: 0 });
});

// Weakening: `take` does not look at the total.
test("a guest that has read or written what it may gets errors, and is recorded once", async () => {
  await using server = await tcpServer((socket) => socket.end(Buffer.alloc(1_000)));
  using guest = new SocketGuest(
    { allow: ["tcp://loopback:*", "udp://loopback:*"] },
    { maxReadBytes: 100, maxWriteBytes: 100 },
  );
  const [, input, output] = await guest.connect("127.0.0.1", server.port);
  assert.equal((await guest.read(input, 100)).length, 100);
  await assert.rejects(guest.read(input, 1), /limit of bytes that may be read/);
  assert.deepEqual(output.checkWrite(), { tag: "ok", val: 100 });
  output.write(guest.context, new Uint8Array(100));
  const over = output.checkWrite();
  assert.equal(over.tag === "err" && over.val.tag, "last-operation-failed");
  for (let again = 0; again < 10; again += 1) input.read(guest.context, 1);
  assert.equal(guest.context.observations.filter(({ eventType }) => eventType === "PolicyViolation").length, 1);
});

// Weakening: names are not remembered with their addresses but allowed for all.
test("a rule for a name covers the addresses that the name led to in this invocation, and no others", async () => {
  const reach = { allow: ["tcp://localhost:*", "tcp://granted.example:80"], lookup: [{ kind: "any" }] } as const;
  using guest = new SocketGuest(reach);
  assert.equal(connectCode(guest, socketAddress("1.1.1.1", 80)), "access-denied", "not looked up");
  using other = new SocketGuest(reach);
  socketSession(guest.context).remember("granted.example", "1.1.1.1");
  socketSession(guest.context).remember("granted.example", "10.0.0.1");
  socketSession(guest.context).remember("other.example", "1.0.0.1");
  assert.equal(connectCode(guest, socketAddress("1.1.1.1", 80)), "ok");
  assert.equal(connectCode(guest, socketAddress("1.1.1.1", 81)), "access-denied");
  assert.equal(connectCode(guest, socketAddress("10.0.0.1", 80)), "access-denied", "a private address");
  assert.equal(connectCode(guest, socketAddress("1.0.0.1", 80)), "access-denied", "another name's");
  assert.equal(connectCode(other, socketAddress("1.1.1.1", 80)), "access-denied", "another invocation");
});
