import assert from "node:assert/strict";
import { syncBuiltinESMExports } from "node:module";
import { test } from "node:test";
import workerThreads from "node:worker_threads";
import { trap } from "../../src/host/http/exchange-harness.test.ts";

/*
 * Names that lead to one address when they are checked and to another when they are connected to, by the public API with a
 * resolver of the test's own in the workers. 2e00::1 counts as public and belongs to nobody, so nothing of the world is contacted.
 * Each case was seen to fail with the weakening that its comment names.
 */

/** Workers of this process load the resolver first; the rest of the host is as it is. */
workerThreads.Worker = class extends workerThreads.Worker {
  constructor(url: string | URL, options: workerThreads.WorkerOptions = {}) {
    const resolver = new URL("../support/fake-resolver.ts", import.meta.url).href;
    super(url, { ...options, execArgv: [...(options.execArgv ?? []), "--import", resolver] });
  }
};
syncBuiltinESMExports();
// Only now, for what it starts are those workers.
const { probe } = await import("../support/probe.ts");

const FIRST_PUBLIC_THEN_LOOPBACK = "2e00__1.127-0-0-1.rebind.test";

// Weakening: `pinnedConnector` connects with Node's own lookup.
test("a name that is public when it is checked and loopback when it is looked up again is not followed there", async () => {
  const { port, contacts } = await trap();
  const limits = { httpTimeoutMs: 500 };
  await using guest = await probe({ network: { hosts: [`${FIRST_PUBLIC_THEN_LOOPBACK}:${port}`] } }, limits);
  const answers = await guest.run(
    ({ outcome }, authority) => [outcome({ authority }), outcome({ authority }), outcome({ authority })],
    `${FIRST_PUBLIC_THEN_LOOPBACK}:${port}`,
  );
  assert.match(
    String(answers[0]),
    /^!(?:connection|destination-unavailable|HTTP-response-timeout)/u,
    "2e00::1 is tried",
  );
  assert.deepEqual(answers.slice(1), ["!destination-IP-prohibited", "!destination-IP-prohibited"]);
  assert.equal(contacts(), 0);
});

// Weakening: `checkedAddresses` gives all addresses when one of them is allowed.
test("of several addresses only those that are allowed are connected to", async () => {
  const { port, contacts } = await trap();
  const hosts = ["2e00__1.127-0-0-1.all.rebind.test", "127-0-0-1.2e00__1.all.rebind.test"];
  const limits = { httpTimeoutMs: 500 };
  await using guest = await probe({ network: { allow: ["http://*.rebind.test:*"] } }, limits);
  const answers = await guest.run(
    ({ outcome }, authorities) => authorities.map((authority) => outcome({ authority })),
    hosts.map((host) => `${host}:${port}`),
  );
  for (const answer of answers) assert.match(answer, /^!/u);
  assert.equal(contacts(), 0);
});

// Weakening: `allowsResolved` takes any address for what a name may lead to.
test("a granted name that leads to an address of this machine or its networks is refused", async () => {
  const { port, contacts } = await trap();
  await using guest = await probe({ network: { allow: ["http://*.rebind.test:*", "tcp://*.rebind.test:*"] } });
  const names = ["127-0-0-1", "__1", "__ffff_7f00_1", "64_ff9b__7f00_1", "10-0-0-1", "169-254-169-254", "0-0-0-0"].map(
    (label) => `${label}.rebind.test`,
  );
  const answers = await guest.run(
    ({ outcome, lookUp }, given) =>
      given.names.flatMap((name) => [outcome({ authority: `${name}:${given.port}` }), lookUp(name)]),
    { names, port },
  );
  for (const answer of answers) assert.match(String(answer), /^!(?:destination-not-found|name-unresolvable)$/u);
  assert.equal(contacts(), 0);
});

// Weakening: `namesOf` gives every name that was looked up, and `allowsResolved` any address.
test("a raw socket to a granted name reaches the address that the guest was given for it", async () => {
  const { port, contacts } = await trap();
  await using guest = await probe({ network: { allow: [`tcp://${FIRST_PUBLIC_THEN_LOOPBACK}:${port}`] } });
  const answers = await guest.run(
    ({ wasi, call, drop, network, lookUp, address }, given) => {
      const start = (host: string): unknown => {
        const to = address(host, given.port);
        const socket = call(wasi["tcp"], "createTcpSocket", to.tag);
        const started = call(socket, "startConnect", network(), to);
        drop(socket);
        return started;
      };
      const before = [start("2e00::1"), start("127.0.0.1")];
      const [first, second] = [lookUp(given.name), lookUp(given.name)];
      return [...before, first, second, start("2e00::1"), start("127.0.0.1")];
    },
    { name: FIRST_PUBLIC_THEN_LOOPBACK, port },
  );
  assert.deepEqual(answers, [
    "!access-denied",
    "!access-denied",
    ["2e00:0:0:0:0:0:0:1"],
    "!name-unresolvable",
    "ok",
    "!access-denied",
  ]);
  assert.equal(contacts(), 0);
});
