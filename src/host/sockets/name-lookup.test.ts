import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { type Reach, SocketGuest } from "../../../test/support/socket-guest.ts";
import { type LookupAll, resolveAddresses, type ResolveAddressStream, systemLookup } from "./name-lookup.ts";
import { addressText } from "./socket-address.ts";
import { socketSession } from "./socket-session.ts";

const ANY: Reach = { lookup: [{ kind: "any" }] };

/** A resolver with a fixed table, which tells what it was asked. */
function resolver(table: Readonly<Record<string, readonly string[]>>, asked: string[] = []): LookupAll {
  return async (name) => {
    asked.push(name);
    const found = table[name];
    if (found === undefined) throw Object.assign(new Error("not found"), { code: "ENOTFOUND" });
    return found;
  };
}

async function resolve(guest: SocketGuest, name: string, lookup: LookupAll): Promise<readonly string[] | string> {
  const started = resolveAddresses(socketSession(guest.context), name, lookup);
  if (started.tag === "err") return started.val;
  return drain(guest, started.val);
}

async function drain(guest: SocketGuest, stream: ResolveAddressStream): Promise<readonly string[] | string> {
  await guest.until(stream);
  const found: string[] = [];
  for (;;) {
    const next = stream.resolveNextAddress();
    if (next.tag === "err") return next.val;
    if (next.val === undefined) return found;
    found.push(addressText(next.val));
  }
}

test("a granted name leads to its public addresses, in the order they came", async () => {
  using guest = new SocketGuest({ lookup: [{ kind: "name", name: "db.example.com" }] });
  const lookup = resolver({
    "db.example.com": [
      "10.0.0.1",
      "2606:4700::1111",
      "1.1.1.1",
      "1.1.1.1",
      "::ffff:8.8.8.8",
      "127.0.0.1",
      "fe80::1%eth0",
    ],
  });
  assert.deepEqual(await resolve(guest, "DB.Example.com.", lookup), ["2606:4700::1111", "1.1.1.1"]);
  assert.deepEqual(
    guest.context.observations.map(({ resource, result }) => `${resource} ${result}`),
    ["db.example.com Allowed"],
  );
});

test("no more than 16 addresses come of a name", async () => {
  const many = Array.from({ length: 40 }, (_, index) => `1.1.1.${index + 1}`);
  const found = await resolve(new SocketGuest(ANY), "many.example", resolver({ "many.example": many }));
  assert.deepEqual(found, many.slice(0, 16));
});

test("private addresses come of a rule for any name alone, and loopback ones of localhost", async () => {
  const lookup = resolver({ "in.example": ["10.1.2.3"], "l.example": ["127.0.0.1"] });
  const suffix: Reach = { lookup: [{ kind: "suffix", suffix: "example" }] };
  assert.equal(await resolve(new SocketGuest(suffix), "in.example", lookup), "name-unresolvable");
  assert.equal(await resolve(new SocketGuest(suffix), "l.example", lookup), "name-unresolvable");
  assert.equal(
    await resolve(new SocketGuest(suffix), "none.example", lookup),
    "name-unresolvable",
    "which looks the same",
  );
  assert.deepEqual(await resolve(new SocketGuest(ANY), "in.example", lookup), ["10.1.2.3"]);
  const mapped = resolver({ "mapped.example": ["::ffff:8.8.8.8"] });
  assert.equal(await resolve(new SocketGuest(ANY), "mapped.example", mapped), "name-unresolvable");
  const asked: string[] = [];
  using local = new SocketGuest({ lookup: [{ kind: "loopback" }] });
  assert.deepEqual(await resolve(local, "localhost", resolver({}, asked)), ["127.0.0.1", "::1"]);
  assert.deepEqual(asked, [], "localhost is not looked up");
});

test("an address is its own answer, without a grant, and not recorded", async () => {
  const asked: string[] = [];
  for (const [written, address] of [
    ["10.0.0.1", "10.0.0.1"],
    ["::1", "::1"],
    ["2001:DB8:0:0::1", "2001:db8::1"],
  ] as const) {
    using guest = new SocketGuest();
    assert.deepEqual(await resolve(guest, written, resolver({}, asked)), [address]);
    assert.deepEqual(guest.context.observations, []);
  }
  assert.deepEqual(asked, []);
});

test("a name that is not granted is refused before anyone is asked", async () => {
  const asked: string[] = [];
  using guest = new SocketGuest({ lookup: [{ kind: "suffix", suffix: "example.com" }] });
  for (const name of ["example.com", "evil-example.com", "localhost", "metadata.google.internal"]) {
    assert.equal(await resolve(guest, name, resolver({}, asked)), "access-denied", name);
  }
  assert.deepEqual(asked, []);
  assert.ok(guest.context.observations.every(({ result }) => result === "Denied"));
  assert.equal(guest.context.observations.length, 4);
});

test("what is no name is refused, and an international one is looked up in its ASCII form", async () => {
  const asked: string[] = [];
  const lookup = resolver({ "xn--bcher-kva.example": ["1.1.1.1"] }, asked);
  for (const name of [
    "",
    ".",
    "a b",
    "a/b",
    "a%2eb",
    "a@b",
    "a:80",
    "[::1",
    "::ffff:127.0.0.1",
    "fe80::1%eth0",
    "a\0b",
    "-",
  ]) {
    assert.equal(await resolve(new SocketGuest(ANY), name, lookup), "invalid-argument", JSON.stringify(name));
  }
  assert.deepEqual(asked, []);
  assert.deepEqual(await resolve(new SocketGuest(ANY), "Bücher.example", lookup), ["1.1.1.1"]);
});

test("a failed lookup says how, and no more", async () => {
  for (const [code, expected] of [
    ["ENOTFOUND", "name-unresolvable"],
    ["EAI_AGAIN", "temporary-resolver-failure"],
    ["EAI_FAIL", "permanent-resolver-failure"],
  ] as const) {
    using guest = new SocketGuest(ANY);
    const lookup: LookupAll = async () => Promise.reject(Object.assign(new Error("no"), { code }));
    assert.equal(await resolve(guest, "a.example", lookup), expected);
    assert.equal(guest.context.observations[0]?.result, "Error");
  }
});

test("lookups of one guest run one after the other, and not at all once nobody wants them", async () => {
  using guest = new SocketGuest(ANY);
  const running = new Set<string>();
  let most = 0;
  const asked: string[] = [];
  const lookup: LookupAll = async (name) => {
    asked.push(name);
    running.add(name);
    most = Math.max(most, running.size);
    await new Promise(setImmediate);
    running.delete(name);
    return ["1.1.1.1"];
  };
  const session = socketSession(guest.context);
  const streams = ["a.example", "b.example", "c.example"].map((name) => {
    const started = resolveAddresses(session, name, lookup);
    assert.equal(started.tag, "ok");
    return started.val;
  });
  assert.equal(streams[0]?.resolveNextAddress().val, "would-block");
  streams[1]?.[Symbol.dispose]();
  for (const stream of streams) await guest.until(stream);
  assert.equal(most, 1);
  assert.deepEqual(asked, ["a.example", "c.example"]);
  const late = resolveAddresses(session, "d.example", lookup);
  guest.context.abort();
  await guest.until(late.val as ResolveAddressStream);
  assert.equal((late.val as ResolveAddressStream).ready(), false, "nothing comes after the end");
});

test("the system's resolver gives addresses", async () => {
  const found = await systemLookup("localhost");
  assert.ok(found.length > 0 && found.every((one) => one === "::1" || one.startsWith("127.")), found.join());
});

test("whatever the name and whatever the resolver says, only what the rule covers comes out", async () => {
  const label = fc.stringMatching(/^[a-z0-9]{1,4}$/u);
  const hostName = fc.tuple(label, fc.constantFrom("com", "org", "local")).map((parts) => parts.join("."));
  const address = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constant("::ffff:10.0.0.1"), fc.string());
  await fc.assert(
    fc.asyncProperty(fc.oneof(hostName, fc.string()), fc.array(address), async (name, found) => {
      using guest = new SocketGuest({ lookup: [{ kind: "suffix", suffix: "com" }] });
      const result = await resolve(guest, name, async () => found);
      if (typeof result === "string") return;
      const isAddress = guest.context.observations.length === 0;
      assert.ok(isAddress || result.every((one) => found.length > 0 && !/^(?:10|127)\.|^::|^f/u.test(one)));
    }),
    { numRuns: 100 },
  );
});
