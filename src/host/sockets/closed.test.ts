import assert from "node:assert/strict";
import { test } from "node:test";
import { hostContext, type TestContext } from "../../../test/support/host-context.ts";
import { LOOPBACK, socketAddress } from "../../../test/support/socket-guest.ts";
import { socketSession } from "./socket-session.ts";
import { TcpSocket } from "./tcp-socket.ts";
import { UdpSocket } from "./udp-socket.ts";

const SOCKETS = [
  ["tcp", TcpSocket],
  ["udp", UdpSocket],
] as const;

function ended(): TestContext {
  const context = hostContext();
  context.abort();
  return context;
}

for (const [scheme, Socket] of SOCKETS) {
  test(`a ${scheme} socket that was dropped, or made after the invocation's end, binds nothing`, () => {
    for (const context of [hostContext(), ended()]) {
      assert.ok(context.meters.sockets.take());
      const socket = new Socket(socketSession(context), "ipv4");
      if (!context.signal.aborted) socket[Symbol.dispose]();
      assert.equal(context.meters.sockets.held, 0);
      const bound = socket.startBind(socketAddress(LOOPBACK.ipv4, 0));
      assert.deepEqual(bound, { tag: "err", val: "invalid-state" });
      socket[Symbol.dispose]();
      assert.equal(context.meters.sockets.held, 0);
    }
  });
}
