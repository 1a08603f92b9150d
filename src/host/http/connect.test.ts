import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import { createServer } from "node:net";
import { test } from "node:test";
import { buildConnector } from "undici";
import type { NetworkGrant } from "../../policy/grants.ts";
import { parseGrants } from "../../policy/parsing/parse-grants.ts";
import { type Candidates, checkedAddresses as checked, type Resolver } from "../net/resolve.ts";
import { targetOf } from "./check.ts";
import { pinnedConnector } from "./connect.ts";

function granted(hosts: readonly string[], everyPublic = false): NetworkGrant {
  return parseGrants({ network: { public: everyPublic, hosts } }, { cwd: "/" }).network;
}

function checkedAddresses(network: NetworkGrant, url: URL, resolve: Resolver): Promise<Candidates> {
  const target = targetOf(url) ?? assert.fail("not HTTP");
  return checked(() => network, target, resolve);
}

function resolved(network: NetworkGrant, url: string, ...addresses: string[]): Promise<Candidates> {
  return checkedAddresses(network, new URL(url), () => Promise.resolve(addresses));
}

const never: Resolver = () => assert.fail("the name was looked up");

test("of what a name resolves to, only the addresses that are granted are left", async () => {
  const name = granted(["example.com"]);
  assert.deepEqual(
    await resolved(name, "http://example.com/", "8.8.8.8", "127.0.0.1", "::1", "2606:4700::1111", "10.0.0.1"),
    {
      kind: "checked",
      addresses: ["8.8.8.8", "2606:4700::1111"],
    },
  );
  const refused = await resolved(name, "http://example.com/", "127.0.0.1", "169.254.169.254");
  assert.equal(refused.kind, "denied");
  assert.match(
    refused.kind === "denied" ? refused.reason : "",
    /^example\.com leads to 127\.0\.0\.1, which is not what is granted/,
  );
});

test("a name with very many addresses is cut, a name with none is unresolved", async () => {
  const many = Array.from({ length: 1_000 }, (_, index) => `8.8.${index >> 8}.${index & 255}`);
  const checked = await resolved(granted([], true), "http://example.com/", ...many);
  assert.equal(checked.kind === "checked" && checked.addresses.length, 16);
  assert.deepEqual(await resolved(granted([], true), "http://example.com/"), { kind: "unresolved" });
  const failing = checkedAddresses(granted([], true), new URL("http://example.com/"), () =>
    Promise.reject(new Error("ENOTFOUND")),
  );
  assert.deepEqual(await failing, { kind: "unresolved" });
});

test("localhost and addresses are never looked up", async () => {
  for (const [network, url, addresses] of [
    [granted(["localhost:81"]), "http://localhost:81/", ["127.0.0.1", "::1"]],
    [granted(["10.0.0.1:81"]), "http://10.0.0.1:81/", ["10.0.0.1"]],
    [granted(["[::1]"]), "http://[::1]/", ["::1"]],
  ] as const) {
    assert.deepEqual(await checkedAddresses(network, new URL(url), never), { kind: "checked", addresses });
  }
});

async function listening(): Promise<Disposable & { readonly server: Server; readonly port: number }> {
  const server = createServer((socket) => socket.end()).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, port: (server.address() as AddressInfo).port, [Symbol.dispose]: () => void server.close() };
}

function connected(addresses: readonly string[], hostname: string, port: number): Promise<string | undefined> {
  const connect = pinnedConnector(buildConnector, addresses, 5_000, 65_536);
  return new Promise((resolve, reject) => {
    connect({ hostname, host: hostname, protocol: "http:", port: String(port) }, (error, socket) => {
      if (error !== null) return reject(error);
      resolve(socket.remoteAddress);
      socket.destroy();
    });
  });
}

test("a connection goes to the checked address, not to what the name resolves to", async () => {
  using target = await listening();
  assert.equal(await connected(["127.0.0.1"], "name.invalid", target.port), "127.0.0.1");
  // The name leads to the server, the checked address to nothing.
  let connections = 0;
  target.server.on("connection", () => (connections += 1));
  await assert.rejects(connected(["127.0.0.2"], "localhost", target.port), { code: "ECONNREFUSED" });
  await assert.rejects(connected([], "localhost", target.port));
  assert.equal(connections, 0);
});

test("the next checked address is tried when one refuses", async () => {
  using target = await listening();
  assert.equal(await connected(["127.0.0.2", "127.0.0.1"], "name.invalid", target.port), "127.0.0.1");
});

test("an address that was not checked is not connected to", async () => {
  using target = await listening();
  await assert.rejects(connected(["127.0.0.2"], "127.0.0.1", target.port), /not the one that was checked/);
  await assert.rejects(connected(["127.0.0.2"], "[::1]", target.port), /not the one that was checked/);
  assert.equal(await connected(["127.0.0.1"], "127.0.0.1", target.port), "127.0.0.1");
});
