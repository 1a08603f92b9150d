import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { test } from "node:test";
import type { AuditEvent } from "../../src/audit/event.ts";
import { Sandbox, type SandboxOptions } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, wasiProbe } from "../support/guests.ts";
import { tcpServer, udpPeer } from "../support/socket-guest.ts";

/** The same attacks through the public API, by a guest that runs in a worker. */

async function open(options: SandboxOptions): Promise<Sandbox> {
  return Sandbox.open(await wasiProbe(), { cache: TEST_CACHE, ...options });
}

/** What the guest's code returned. */
async function run(sandbox: Sandbox, code: string): Promise<unknown> {
  const prelude = `
    const net = wasi.network.instanceNetwork();
    const at = (port, ...address) => ({ tag: "ipv4", val: { port, address } });
    const connect = (to) => {
      const socket = wasi.tcp.createTcpSocket("ipv4");
      socket.startConnect(net, to);
      socket.subscribe().block();
      return [socket, ...socket.finishConnect()];
    };`;
  const { value } = await sandbox.call("run", [`${prelude}\n${code}`]);
  return JSON.parse(String(value)) as unknown;
}

test("a guest talks with whom it may, and with nobody else", async () => {
  await using server = await tcpServer((socket) => void socket.pipe(socket));
  await using other = await tcpServer((socket) => void socket.pipe(socket));
  using peer = await udpPeer();
  peer.socket.on("message", (data, { port, address }) => peer.socket.send(data, port, address));
  const events: AuditEvent[] = [];
  await using sandbox = await open({
    grants: { network: { allow: [`tcp://127.0.0.1:${server.port}`, `udp://127.0.0.1:${peer.port}`] } },
    onEvent: (event) => void events.push(event),
  });
  const echoed = `
    const [socket, input, output] = connect(at(${server.port}, 127, 0, 0, 1));
    output.blockingWriteAndFlush(new Uint8Array([1, 2]));
    return input.blockingRead(100);`;
  assert.deepEqual(await run(sandbox, echoed), { ok: [1, 2] });
  const datagrams = (port: number): string => `
    const socket = wasi.udp.createUdpSocket("ipv4");
    socket.startBind(net, at(0, 0, 0, 0, 0));
    socket.finishBind();
    const [incoming, outgoing] = socket.stream(undefined);
    outgoing.checkSend();
    outgoing.send([{ data: new Uint8Array([3]), remoteAddress: at(${port}, 127, 0, 0, 1) }]);
    incoming.subscribe().block();
    return incoming.receive(10).map(({ data }) => data);`;
  assert.deepEqual(await run(sandbox, datagrams(peer.port)), { ok: [[3]] });
  for (const code of [
    `connect(at(${other.port}, 127, 0, 0, 1))`,
    `connect(at(${server.port}, 127, 0, 0, 2))`,
    `connect(at(80, 169, 254, 169, 254))`,
    datagrams(other.port),
    `wasi.lookup.resolveAddresses(net, "localhost")`,
    `const socket = wasi.tcp.createTcpSocket("ipv4");
     socket.startBind(net, at(0, 127, 0, 0, 1));
     socket.finishBind();
     socket.startListen();`,
  ]) {
    assert.deepEqual(await run(sandbox, code), { err: "access-denied" }, code);
  }
  assert.equal(events.filter(({ result }) => result === "Denied").length, 6);
});

test("without a grant there is no socket, and a flood of sockets ends at its limit", async () => {
  const flood = `
    const made = [];
    return attempt(() => { for (;;) made.push(wasi.tcp.createTcpSocket("ipv4")); }).err + " after " + made.length;`;
  await using nothing = await open({});
  assert.deepEqual(await run(nothing, flood), { ok: "access-denied after 0" });
  await using some = await open({ grants: { network: { allow: ["tcp://127.0.0.1:1"] } }, limits: { maxSockets: 5 } });
  assert.deepEqual(await run(some, flood), { ok: "new-socket-limit after 5" });
  assert.deepEqual(await run(some, flood), { ok: "new-socket-limit after 5" }, "the next call has its own");
});

test("a guest that waits for a peer that says nothing ends at its deadline, and its connection with it", async () => {
  const accepted = Promise.withResolvers<Socket>();
  await using server = await tcpServer((socket) => accepted.resolve(socket.resume()));
  await using sandbox = await open({
    grants: { network: { allow: [`tcp://127.0.0.1:${server.port}`] } },
    // Long enough to connect on a busy machine.
    limits: { timeoutMs: 3_000 },
  });
  const waiting = run(sandbox, `connect(at(${server.port}, 127, 0, 0, 1))[1].blockingRead(1)`);
  const ended = failsWith("limit", /did not end/, waiting);
  const socket = await Promise.race([accepted.promise, ended.then(() => undefined)]);
  assert.ok(socket !== undefined, "it did not connect in time");
  await Promise.all([ended, once(socket, "end")]);
  assert.deepEqual(await run(sandbox, "return 1"), { ok: 1 });
});
