import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  LISTEN_LOOPBACK,
  openSockets,
  socketAddress,
  SocketFailure,
  SocketGuest,
  tcpClient,
  tcpServer,
  udpPeer,
} from "../support/socket-guest.ts";
import type { Pollable } from "../../src/host/io/pollable.ts";
import type { IncomingDatagram, OutgoingDatagram } from "../../src/host/sockets/udp-streams.ts";

/*
 * Raw sockets against the host functions themselves, with real sockets at the other end. Each case was seen to fail with the
 * weakening that its comment names.
 */

const MB = 1024 * 1024;

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
  for (let reads = 0; reads < 100; reads += 1) {
    const read = input.read(guest.context, MB);
    if (read.tag === "ok" && read.val.length === 0) await guest.until(input);
    for (let turn = 0; turn < 5; turn += 1) await nextTurn();
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

// Weakening: the listener does not check its backlog.
test("a listener keeps no more connections waiting than its backlog", async () => {
  using guest = new SocketGuest({ listen: LISTEN_LOOPBACK }, { maxConnections: 16 });
  const [listener, port] = await guest.listen("127.0.0.1");
  guest.tcp("set-listen-backlog-size", listener, 2n);
  const clients = await Promise.all(Array.from({ length: 6 }, async () => tcpClient(port)));
  await closedBy(clients, 4);
  assert.equal(guest.context.meters.connections.held, 2);
  for (const client of clients) client.destroy();
});

// Weakening: connections that come in are not counted.
test("connections that nobody accepts are bounded and counted, and the rest is closed", async () => {
  using guest = new SocketGuest({ listen: LISTEN_LOOPBACK }, { maxConnections: 4, maxSockets: 3 });
  const [listener, port] = await guest.listen("127.0.0.1");
  const clients = await Promise.all(Array.from({ length: 12 }, async () => tcpClient(port)));
  await closedBy(clients, 8);
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

/** Waits until the other end has closed so many of these. */
async function closedBy(clients: readonly net.Socket[], count: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let closed = 0;
  for (const client of clients) {
    client.resume().on("end", () => client.end());
    client.on("close", () => {
      closed += 1;
      if (closed === count) resolve();
    });
  }
  await promise;
}

// Weakening: sockets are not counted.
test("a flood of sockets and connections ends at the limits, and dropping them frees them", async () => {
  await using server = await tcpServer(() => undefined);
  using guest = new SocketGuest(
    { allow: ["tcp://loopback:*", "udp://loopback:*"] },
    { maxSockets: 8, maxConnections: 4 },
  );
  for (let round = 0; round < 50; round += 1) {
    const sockets: Disposable[] = [];
    while (sockets.length < 20) {
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
  assert.equal(guest.connectCode(socketAddress("127.0.0.1", silent.port)), "new-socket-limit");
  guest.context.abort();
  assert.equal(guest.context.meters.connections.held, 0);
  assert.equal(guest.context.meters.sockets.held, 0);
});

// Weakening: `closeAtEnd` keeps nothing.
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
  assert.equal(guest.sendCode(first.outgoing, large), "ok", "one may pass the rate");
  for (const one of [first.socket, first.incoming, first.outgoing]) one[Symbol.dispose]();
  const second = guest.bindUdp("127.0.0.1");
  assert.equal(guest.call("[method]outgoing-datagram-stream.check-send", second.outgoing), 0n);
  assert.equal(second.outgoing.ready(), false);
  const [, , output] = await guest.connect("127.0.0.1", server.port);
  assert.deepEqual(output.checkWrite(), { tag: "ok", val: 0 });
});

// Weakening: `take` does not check the total.
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
