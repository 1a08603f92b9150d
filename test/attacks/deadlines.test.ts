import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { before, test, type TestContext } from "node:test";
import { Sandbox, type SandboxOptions } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, testGuest, textGuest } from "../support/guests.ts";
import { ADDING, coreFunction, STUBBORN } from "../support/text-guests.ts";

let guest: string;
before(async () => {
  guest = await testGuest();
});

function open(source: string, options: SandboxOptions = {}): Promise<Sandbox> {
  return Sandbox.open(source, { cache: TEST_CACHE, ...options });
}

/** A server that counts requests and answers none of them. */
async function silentServer(context: TestContext): Promise<{ readonly host: string; readonly asked: Promise<void> }> {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const listening = createServer(() => resolve());
  await new Promise<void>((done) => listening.listen(0, "127.0.0.1", done));
  context.after(() => {
    listening.closeAllConnections();
    listening.close();
  });
  return { host: `127.0.0.1:${(listening.address() as AddressInfo).port}`, asked };
}

const LIMITS = { timeoutMs: 300 };

test("an infinite loop ends at its deadline, and the next call works", async () => {
  await using sandbox = await open(guest, { limits: LIMITS });
  const error = await failsWith("limit", /did not end within 300 ms/, sandbox.call("spin"));
  assert.equal(error.limit?.limit, "deadline");
  assert.equal(error.limit?.cap, 300);
  assert.ok((error.usage?.wallMs ?? 0) >= 299);
  assert.equal((await sandbox.call("add", [1, 2], { limits: { timeoutMs: 10_000 } })).value, 3);
});

test("a loop without a call, in a bare core module, ends the same way", async () => {
  const spinning = await textGuest("spinning", coreFunction("(loop $l (br $l))"));
  await using sandbox = await open(spinning, { limits: LIMITS });
  await failsWith("limit", /did not end/, sandbox.call("f"));
});

test("a start function that spins ends the same way", async () => {
  const text = coreFunction("", { fields: "(func $s (loop $l (br $l))) (start $s)" });
  await using sandbox = await open(await textGuest("spinning-start", text), { limits: LIMITS });
  await failsWith("limit", /did not end/, sandbox.call("f"));
});

test("filling memory over and over ends the same way", async () => {
  const text = coreFunction("(loop $l (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x1000000)) (br $l))", {
    fields: "(memory 256)",
  });
  await using sandbox = await open(await textGuest("filling", text), { limits: LIMITS });
  await failsWith("limit", /did not end/, sandbox.call("f"));
});

test("infinite recursion is a trap, with the host alive", async () => {
  const deep = await textGuest("recursing", coreFunction("(call $r)", { fields: "(func $r (call $r) (call $r))" }));
  await using sandbox = await open(deep);
  await failsWith("trap", /stack/i, sandbox.call("f"));
  await using script = await open(guest);
  await failsWith("trap", /trapped/, script.call("recurse"));
  assert.equal((await script.call("add", [1, 2])).value, 3);
});

test("unreachable is a trap", async () => {
  await using sandbox = await open(await textGuest("unreachable", coreFunction("unreachable")));
  await failsWith("trap", /unreachable/, sandbox.call("f"));
});

test("a guest that waits for a host that never answers ends at its deadline", async (context) => {
  const { host } = await silentServer(context);
  await using sandbox = await open(guest, { limits: LIMITS, grants: { network: { hosts: [host] } } });
  await failsWith("limit", /did not end within 300 ms/, sandbox.call("get", [`http://${host}/`]));
  assert.equal((await sandbox.call("add", [1, 2], { limits: { timeoutMs: 10_000 } })).value, 3);
});

test("a guest that calls the host in a loop and swallows every error ends at its deadline", async (context) => {
  const { host } = await silentServer(context);
  await using refused = await open(guest, { limits: LIMITS });
  await failsWith("limit", /did not end/, refused.call("get-in-a-loop", [`http://${host}/`]));
  await using granted = await open(guest, { limits: LIMITS, grants: { network: { hosts: [host] } } });
  await failsWith("limit", /did not end/, granted.call("get-in-a-loop", [`http://${host}/`]));
});

test("catch_all around host calls does not outlive the deadline", async (context) => {
  const { host } = await silentServer(context);
  const stubborn = await textGuest("stubborn", STUBBORN(`http://${host}/`));
  await using waiting = await open(stubborn, { limits: LIMITS, grants: { network: { hosts: [host] } } });
  await failsWith("limit", /did not end/, waiting.call("f"));
  await using refused = await open(stubborn, { limits: LIMITS });
  await failsWith("limit", /did not end/, refused.call("f"));
  await using next = await open(guest);
  assert.equal((await next.call("add", [1, 2])).value, 3);
});

test("a cancelled guest that swallows the cancellation is ended all the same", async (context) => {
  const { host, asked } = await silentServer(context);
  const stubborn = await textGuest("stubborn-cancelled", STUBBORN(`http://${host}/`));
  await using sandbox = await open(stubborn, { grants: { network: { hosts: [host] } } });
  const cancel = new AbortController();
  const call = failsWith("cancelled", /cancelled/, sandbox.call("f", [], { signal: cancel.signal }));
  await asked;
  cancel.abort();
  await call;
  // With two spinners left alive no worker would be free for this.
  await using next = await open(guest, { limits: { timeoutMs: 5000 } });
  const sums = await Promise.all([1, 2, 3, 4].map((n) => next.call("add", [n, n])));
  assert.deepEqual(
    sums.map(({ value }) => value),
    [2, 4, 6, 8],
  );
});

test("many spinning guests are all ended, and many good ones beside them all answered", async () => {
  await using sandbox = await open(guest, { limits: { timeoutMs: 200 } });
  const spinning = Array.from({ length: 6 }, () => failsWith("limit", /did not end/, sandbox.call("spin")));
  const limits = { timeoutMs: 30_000 };
  const adding = Array.from({ length: 40 }, (_, n) => sandbox.call("add", [n, 1], { limits }));
  assert.deepEqual(
    (await Promise.all(adding)).map(({ value }) => value),
    Array.from({ length: 40 }, (_, n) => n + 1),
  );
  await Promise.all(spinning);
});

test("guests that wait beside one that comes back to spin go on when it has been ended", async (context) => {
  const { promise: allThere, resolve } = Promise.withResolvers<void>();
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  let asked = 0;
  const listening = createServer((request, response) => {
    asked += 1;
    if (asked === 17) resolve();
    void (request.url === "/spinner" ? allThere : ended).then(() => response.end("go"));
  });
  await new Promise<void>((done) => listening.listen(0, "127.0.0.1", done));
  context.after(() => {
    listening.closeAllConnections();
    listening.close();
  });
  const host = `127.0.0.1:${(listening.address() as AddressInfo).port}`;
  await using sandbox = await open(guest, { grants: { network: { hosts: [host] } } });
  const waiting = Array.from({ length: 16 }, () => sandbox.call("get", [`http://${host}/wait`]));
  await failsWith(
    "limit",
    /did not end/,
    sandbox.call("get-then-spin", [`http://${host}/spinner`], { limits: { timeoutMs: 1000 } }),
  );
  end();
  for (const { value } of await Promise.all(waiting)) assert.equal(value, "go");
});

test("a thousand calls at once are queued, and none is lost", async () => {
  await using sandbox = await open(await textGuest("adding-up", ADDING));
  const calls = Array.from({ length: 1000 }, (_, n) => sandbox.call("add", [n, n]));
  const values = (await Promise.all(calls)).map(({ value }) => value);
  assert.deepEqual(
    values,
    Array.from({ length: 1000 }, (_, n) => 2 * n),
  );
});
