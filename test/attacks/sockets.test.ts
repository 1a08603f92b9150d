import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { listenOn, socketAddress, SocketGuest, tcpServer, udpPeer } from "../support/socket-guest.ts";
import { socketSession } from "../../src/host/sockets/socket-session.ts";
import type { IncomingDatagram, OutgoingDatagram } from "../../src/host/sockets/udp-streams.ts";

/*
 * Raw sockets against the host functions themselves, with real sockets at the other end. Each case was seen to fail with the
 * weakening that its comment names.
 */

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
    assert.equal(guest.connectCode(socketAddress(address, port)), "access-denied", `${address}:${port}`);
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
    assert.equal(guest.connectCode(socketAddress(address, 80)), code, address);
  }
  using any = new SocketGuest({ allow: ["tcp://any:*"] });
  assert.equal(any.connectCode(socketAddress("::ffff:7f00:1", 80)), "invalid-argument", "whatever is granted");
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
  assert.equal(guest.sendCode(outgoing, to("127.0.0.1", other.port)), "access-denied");
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
  assert.equal(guest.sendCode(outgoing, to("127.0.0.1", peer.port)), "ok");
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

// Weakening: names are not remembered with their addresses but allowed for all.
test("a rule for a name covers the addresses that the name led to in this invocation, and no others", async () => {
  const reach = { allow: ["tcp://localhost:*", "tcp://granted.example:80"], lookup: [{ kind: "any" }] } as const;
  using guest = new SocketGuest(reach);
  assert.equal(guest.connectCode(socketAddress("1.1.1.1", 80)), "access-denied", "not looked up");
  using other = new SocketGuest(reach);
  socketSession(guest.context).remember("granted.example", "1.1.1.1");
  socketSession(guest.context).remember("granted.example", "10.0.0.1");
  socketSession(guest.context).remember("other.example", "1.0.0.1");
  assert.equal(guest.connectCode(socketAddress("1.1.1.1", 80)), "ok");
  assert.equal(guest.connectCode(socketAddress("1.1.1.1", 81)), "access-denied");
  assert.equal(guest.connectCode(socketAddress("10.0.0.1", 80)), "access-denied", "a private address");
  assert.equal(guest.connectCode(socketAddress("1.0.0.1", 80)), "access-denied", "another name's");
  assert.equal(other.connectCode(socketAddress("1.1.1.1", 80)), "access-denied", "another invocation");
});
