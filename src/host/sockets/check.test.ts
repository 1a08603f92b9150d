import assert from "node:assert/strict";
import { test } from "node:test";
import { listenOn, type Reach, SocketGuest } from "../../../test/support/socket-guest.ts";
import { checkBind, checkCreate } from "./check.ts";
import { endpointOf } from "./socket-address.ts";

function grantsOf(reach: Reach): SocketGuest["context"]["grants"] {
  return new SocketGuest(reach).context.grants;
}

test("a socket needs a rule of its own kind", () => {
  for (const [reach, tcp, udp] of [
    [{}, false, false],
    [{ allow: ["example.com", "https://example.com"] }, false, false],
    [{ deny: ["tcp://*"] }, false, false],
    [{ lookup: [{ kind: "any" }] }, false, false],
    [{ allow: ["tcp://example.com:1"] }, true, false],
    [{ allow: ["udp://example.com:1"] }, false, true],
    [{ allow: ["example.com:1"] }, true, true],
    [{ listen: [listenOn("127.0.0.1", 32, { schemes: ["udp"] })] }, false, true],
  ] as const) {
    assert.equal(checkCreate(grantsOf(reach), "tcp").allowed, tcp, JSON.stringify(reach));
    assert.equal(checkCreate(grantsOf(reach), "udp").allowed, udp, JSON.stringify(reach));
  }
});

test("a client binds to a port of the system's choice, and may not listen there", () => {
  const client = grantsOf({ allow: ["tcp://example.com:1"] });
  for (const [address, port, allowed] of [
    ["0.0.0.0", 0, true],
    ["127.0.0.1", 0, true],
    ["::", 0, true],
    ["::1", 0, true],
    ["0.0.0.0", 1_024, false],
    ["127.0.0.1", 1_024, false],
    ["192.168.0.1", 0, false],
    ["::127.0.0.1", 0, false],
  ] as const) {
    const { decision, listen } = checkBind(client, "tcp", endpointOf(address, port));
    assert.equal(decision.allowed, allowed, `${address}:${port}`);
    assert.equal(listen.allowed, false);
    assert.equal(checkBind(client, "udp", endpointOf(address, port)).decision.allowed, false);
  }
});

test("a rule to listen covers its block, its ports and its protocol", () => {
  const server = grantsOf({
    listen: [listenOn("10.0.0.0", 8, { schemes: ["tcp"], ports: [{ start: 8_000, end: 8_100 }] })],
  });
  for (const [scheme, address, port, allowed] of [
    ["tcp", "10.1.2.3", 8_000, true],
    ["tcp", "10.1.2.3", 8_100, true],
    ["tcp", "10.1.2.3", 8_101, false],
    ["tcp", "10.1.2.3", 0, false],
    ["tcp", "11.0.0.1", 8_000, false],
    ["tcp", "0.0.0.0", 8_000, false],
    ["udp", "10.1.2.3", 8_000, false],
  ] as const) {
    const { decision, listen } = checkBind(server, scheme, endpointOf(address, port));
    assert.equal(decision.allowed, allowed, `${scheme} ${address}:${port}`);
    assert.equal(listen.allowed, allowed);
  }
});
