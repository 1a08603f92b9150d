import assert from "node:assert/strict";
import { test } from "node:test";
import {
  LISTEN_LOOPBACK,
  LOOPBACK,
  socketAddress,
  SocketGuest,
  udpPeer,
  type UdpSetup,
} from "../../../test/support/socket-guest.ts";
import type {
  IncomingDatagram,
  IncomingDatagramStream,
  OutgoingDatagram,
  OutgoingDatagramStream,
} from "./udp-streams.ts";
import { needing } from "../../../test/support/needs.ts";

const EVERYWHERE = ["udp://loopback:*"];

function send(guest: SocketGuest, to: OutgoingDatagramStream, ...datagrams: readonly OutgoingDatagram[]): bigint {
  guest.call("[method]outgoing-datagram-stream.check-send", to);
  return guest.call("[method]outgoing-datagram-stream.send", to, datagrams);
}

async function receive(guest: SocketGuest, { incoming }: Pick<UdpSetup, "incoming">): Promise<readonly string[]> {
  await guest.until(incoming);
  const received = guest.call<IncomingDatagram[]>("[method]incoming-datagram-stream.receive", incoming, 100n);
  return received.map(({ data, remoteAddress }) => `${String(Buffer.from(data))} from ${remoteAddress.val.port}`);
}

function datagram(text: string, address: string, port: number): OutgoingDatagram {
  return { data: Buffer.from(text), remoteAddress: socketAddress(address, port) };
}

for (const family of ["ipv4", "ipv6"] as const) {
  const address = LOOPBACK[family];
  const needs = family === "ipv6" ? (["ipv6"] as const) : [];

  test(
    `asks and is answered over ${family}, unconnected and connected`,
    needing(needs, async () => {
      using peer = await udpPeer(address);
      peer.socket.on("message", (data, { port }) => peer.socket.send(`${String(data)}!`, port, address));
      using guest = new SocketGuest({ allow: EVERYWHERE });
      const unspecified = family === "ipv4" ? "0.0.0.0" : "::";
      const setup = guest.bindUdp(unspecified);
      assert.equal(send(guest, setup.outgoing, datagram("a", address, peer.port)), 1n);
      assert.deepEqual(await receive(guest, setup), [`a! from ${peer.port}`]);
      const [incoming, outgoing] = guest.udp<readonly [IncomingDatagramStream, OutgoingDatagramStream]>(
        "stream",
        setup.socket,
        socketAddress(address, peer.port),
      );
      assert.deepEqual(guest.udp("remote-address", setup.socket), socketAddress(address, peer.port));
      assert.equal(send(guest, outgoing, { data: Buffer.from("b"), remoteAddress: undefined }), 1n);
      assert.deepEqual(await receive(guest, { incoming }), [`b! from ${peer.port}`]);
      assert.equal(
        guest.codeOf("[method]incoming-datagram-stream.receive", setup.incoming, 1n),
        "invalid-state",
        "only the last streams work",
      );
      for (const one of [setup.incoming, setup.outgoing, incoming, outgoing]) one[Symbol.dispose]();
      assert.equal(guest.context.meters.sockets.held, 1);
      setup.socket[Symbol.dispose]();
      assert.equal(guest.context.meters.sockets.held, 0);
      assert.deepEqual(
        guest.context.observations.map(({ action, result }) => `${action} ${result}`),
        ["udp.start-bind Allowed", "udp.send Allowed"],
        "a peer is recorded once",
      );
    }),
  );

  test(
    `serves anyone where it may listen, over ${family}`,
    needing(needs, async () => {
      using peer = await udpPeer(address);
      using guest = new SocketGuest({ listen: LISTEN_LOOPBACK });
      const setup = guest.bindUdp(address);
      peer.socket.send("question", setup.port, address);
      assert.deepEqual(await receive(guest, setup), [`question from ${peer.port}`]);
      assert.equal(
        guest.codeOf("[method]outgoing-datagram-stream.send", checked(guest, setup), [
          datagram("x", address, peer.port),
        ]),
        "access-denied",
        "to listen is not to send",
      );
    }),
  );
}

function checked(guest: SocketGuest, { outgoing }: UdpSetup): OutgoingDatagramStream {
  guest.call("[method]outgoing-datagram-stream.check-send", outgoing);
  return outgoing;
}

test("datagrams that came before the streams are kept", async () => {
  using peer = await udpPeer();
  using guest = new SocketGuest({ listen: LISTEN_LOOPBACK });
  const { socket, port } = guest.bindUdp("127.0.0.1");
  for (const text of ["a", "b"]) peer.socket.send(text, port, "127.0.0.1");
  const [incoming] = guest.udp<readonly [IncomingDatagramStream, OutgoingDatagramStream]>("stream", socket, undefined);
  const got: string[] = [];
  while (got.length < 2) got.push(...(await receive(guest, { incoming })));
  assert.deepEqual(got, [`a from ${peer.port}`, `b from ${peer.port}`]);
});

test("the states of a socket, and addresses that cannot be sent to", () => {
  using guest = new SocketGuest({ allow: ["udp://any:*"] });
  const socket = guest.newUdp();
  const method = (name: string, ...parameters: readonly unknown[]): string =>
    guest.codeOf(`[method]udp-socket.${name}`, socket, ...parameters);
  assert.equal(method("finish-bind"), "not-in-progress");
  assert.equal(method("stream", undefined), "invalid-state");
  assert.equal(method("local-address"), "invalid-state");
  assert.equal(method("remote-address"), "invalid-state");
  assert.equal(method("start-bind", guest.network, socketAddress("::1", 0)), "invalid-argument");
  assert.equal(method("start-bind", guest.network, socketAddress("0.0.0.0", 0)), "ok");
  assert.equal(method("start-bind", guest.network, socketAddress("0.0.0.0", 0)), "concurrency-conflict");
  assert.equal(method("stream", undefined), "invalid-state");
  assert.equal(method("local-address"), "invalid-state");
  assert.equal(method("finish-bind"), "ok");
  assert.equal(method("finish-bind"), "not-in-progress");
  assert.equal(method("start-bind", guest.network, socketAddress("0.0.0.0", 0)), "invalid-state");
  assert.equal(method("local-address"), "ok");
  for (const wrong of [socketAddress("0.0.0.0", 1), socketAddress("127.0.0.1", 0), socketAddress("::1", 1)]) {
    assert.equal(method("stream", wrong), "invalid-argument");
  }
  assert.equal(method("stream", socketAddress("127.0.0.1", 9)), "ok");
  assert.equal(method("remote-address"), "ok");
  assert.equal(method("stream", undefined), "ok");
  assert.equal(method("remote-address"), "invalid-state");
});

test("sending asks for a permit, and takes no more than it", () => {
  using guest = new SocketGuest({ allow: EVERYWHERE });
  const { outgoing } = guest.bindUdp("127.0.0.1");
  const one = datagram("x", "127.0.0.1", 9);
  const sending = (...datagrams: readonly OutgoingDatagram[]): unknown =>
    guest.call("[method]outgoing-datagram-stream.send", outgoing, datagrams);
  assert.throws(() => sending(one), /check-send permitted 0/);
  const permitted = guest.call<bigint>("[method]outgoing-datagram-stream.check-send", outgoing);
  assert.equal(permitted, 16n);
  assert.throws(() => sending(...Array.from({ length: 17 }, () => one)), /check-send permitted 16/);
  assert.equal(sending(one), 1n);
  assert.throws(() => sending(one), /check-send permitted 0/, "a permit is for one call");
  guest.call("[method]outgoing-datagram-stream.check-send", outgoing);
  assert.equal(sending(), 0n);
  const codes = (given: OutgoingDatagram): string => {
    guest.call("[method]outgoing-datagram-stream.check-send", outgoing);
    return guest.codeOf("[method]outgoing-datagram-stream.send", outgoing, [given]);
  };
  assert.equal(codes({ data: new Uint8Array(65_508), remoteAddress: one.remoteAddress }), "datagram-too-large");
  assert.equal(codes({ data: new Uint8Array(1), remoteAddress: undefined }), "invalid-argument");
  assert.equal(codes(datagram("x", "127.0.0.1", 0)), "invalid-argument");
  guest.call("[method]outgoing-datagram-stream.check-send", outgoing);
  assert.equal(sending(one, datagram("x", "127.0.0.1", 0), one), 1n, "what went before an error was sent");
});

test("a connected socket sends to its peer alone, and is told that nobody is there", async () => {
  using guest = new SocketGuest({ allow: EVERYWHERE });
  const port = await closedPort();
  const setup = guest.bindUdp("127.0.0.1", 0, socketAddress("127.0.0.1", port));
  const codeOf = (given: OutgoingDatagram): string =>
    guest.codeOf("[method]outgoing-datagram-stream.send", checked(guest, setup), [given]);
  assert.equal(codeOf(datagram("x", "127.0.0.1", port - 1)), "invalid-argument");
  assert.equal(codeOf(datagram("x", "127.0.0.1", port)), "ok");
  await guest.until(setup.incoming);
  assert.equal(guest.codeOf("[method]incoming-datagram-stream.receive", setup.incoming, 1n), "connection-refused");
  assert.equal(guest.codeOf("[method]incoming-datagram-stream.receive", setup.incoming, 1n), "ok", "reported once");
});

async function closedPort(): Promise<number> {
  using peer = await udpPeer();
  return peer.port;
}

test("options are kept and set", () => {
  using guest = new SocketGuest({ allow: EVERYWHERE });
  const { socket } = guest.bindUdp("127.0.0.1");
  for (const [name, value, expected] of [
    ["unicast-hop-limit", 3, 3],
    ["receive-buffer-size", 2n ** 64n - 1n, 1024n * 1024n],
    ["send-buffer-size", 1n, 1024n],
  ] as const) {
    guest.udp(`set-${name}`, socket, value);
    assert.equal(guest.udp(name, socket), expected);
    const zero = typeof value === "bigint" ? 0n : 0;
    assert.equal(guest.codeOf(`[method]udp-socket.set-${name}`, socket, zero), "invalid-argument");
  }
  assert.equal(guest.udp("address-family", socket), "ipv4");
  guest.context.abort();
  assert.equal(guest.codeOf("[method]udp-socket.set-unicast-hop-limit", socket, 4), "ok", "also when it is closed");
});
