import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { before, test, type TestContext } from "node:test";
import { type AuditEvent, run, Sandbox, type SandboxOptions } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { bundled, TEST_CACHE, temporaryFolder, testGuest, textGuest } from "../support/guests.ts";

let guest: string;
before(async () => {
  guest = await testGuest();
});

function open(options: SandboxOptions = {}, source: string = guest): Promise<Sandbox> {
  return Sandbox.open(source, { cache: TEST_CACHE, ...options });
}

async function server(context: TestContext, respond: Parameters<typeof createServer>[1]): Promise<number> {
  const listening = createServer(respond as never);
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  context.after(() => {
    listening.closeAllConnections();
    listening.close();
  });
  return (listening.address() as AddressInfo).port;
}

test("run calls an export and returns its value", async () => {
  assert.equal(await run(guest, "add", [5, 3], { cache: TEST_CACHE }), 8);
});

test("a component is loaded from a path, a file URL and bytes alike", async () => {
  const bytes = await readFile(guest);
  for (const source of [guest, new URL(`file://${guest}`), bytes]) {
    assert.equal(await run(source, "add", [2, 2], { cache: TEST_CACHE }), 4);
  }
});

test("values of every kind go in and come out as their WIT types say", async () => {
  await using sandbox = await open();
  const call = async (name: string, ...parameters: unknown[]): Promise<unknown> =>
    (await sandbox.call(name, parameters)).value;
  assert.equal(await call("double", 21), 42n);
  assert.equal(await call("greet", "Zoë 🌍"), "Hello, Zoë 🌍!");
  assert.deepEqual(await call("mirror", { x: 1, y: -2 }), { x: -1, y: 2 });
  assert.equal(await call("total", [1, 2, 4_000_000]), 4_000_003n);
  assert.deepEqual(await call("reverse", Uint8Array.of(1, 2, 3)), Uint8Array.of(3, 2, 1));
  assert.deepEqual(JSON.parse(String(await call("describe", { tag: "circle", val: 1.5 }, "green", { write: true }))), {
    what: { tag: "circle", val: 1.5 },
    colour: "green",
    read: false,
    write: true,
  });
  assert.deepEqual(JSON.parse(String(await call("describe", { tag: "dot" }, undefined, {}))), {
    what: { tag: "dot" },
    colour: null,
    read: false,
    write: false,
  });
});

test("64-bit integers are exact to the last bit", async () => {
  const doubling = await textGuest(
    "doubling",
    `(component
      (core module $m
        (func (export "unsigned") (param i64) (result i64) local.get 0 i64.const 1 i64.shl)
        (func (export "signed") (param i64) (result i64) i64.const 0 local.get 0 i64.sub))
      (core instance $i (instantiate $m))
      (func (export "double") (param "value" u64) (result u64) (canon lift (core func $i "unsigned")))
      (func (export "negate") (param "value" s64) (result s64) (canon lift (core func $i "signed"))))`,
  );
  await using sandbox = await open({}, doubling);
  assert.equal((await sandbox.call("double", [2n ** 62n + 1n])).value, 2n ** 63n + 2n);
  assert.equal((await sandbox.call("negate", [2n ** 63n - 1n])).value, -(2n ** 63n) + 1n);
  await failsWith("usage", /u64/, sandbox.call("double", [2n ** 64n]));
});

test("the err of a result is a guest-error with its payload", async () => {
  await using sandbox = await open();
  assert.equal((await sandbox.call("check", [7])).value, 7);
  const error = await failsWith("guest-error", /-7 is negative/, sandbox.call("check", [-7]));
  assert.equal(error.payload, "-7 is negative");
  assert.ok(error.usage !== undefined && error.usage.wallMs > 0);
});

test("every call has an instance of its own", async () => {
  await using sandbox = await open();
  for (let round = 0; round < 3; round += 1) assert.equal((await sandbox.call("count")).value, 1);
});

test("a guest that traps ends its own call alone", async () => {
  await using sandbox = await open();
  const [first, trapped, last] = await Promise.allSettled([
    sandbox.call("add", [1, 1]),
    sandbox.call("fail", ["on purpose"]),
    sandbox.call("add", [2, 2]),
  ]);
  assert.equal(first.status === "fulfilled" && first.value.value, 2);
  assert.equal(last.status === "fulfilled" && last.value.value, 4);
  await failsWith("trap", /trapped/, Promise.reject(trapped.status === "rejected" ? trapped.reason : undefined));
  assert.equal((await sandbox.call("add", [3, 3])).value, 6);
});

test("usage has time, memory, host calls and denials", async () => {
  await using sandbox = await open();
  await failsWith("guest-error", /Permission denied/, sandbox.call("read", ["/etc/hostname"]));
  const { usage } = await sandbox.call("add", [1, 2]);
  assert.equal(usage.denials, 0);
  assert.equal(usage.hostCalls, 0);
  assert.ok(usage.wallMs > 0 && (usage.cpuMs ?? 0) > 0 && (usage.cpuMs ?? 0) <= usage.wallMs + 1);
  assert.ok((usage.memoryHighWaterBytes ?? 0) >= 65_536);
  const denied = await failsWith("guest-error", /Permission denied/, sandbox.call("read", ["/etc/hostname"]));
  assert.equal(denied.usage?.denials, 1);
  assert.equal(denied.usage?.hostCalls, 1);
  assert.deepEqual(denied.usage?.hostCallsByFunction, { "sandbox:skill/filesystem-read#read-file": 1 });
});

test("memory high-water follows what the guest allocates", async () => {
  await using sandbox = await open();
  const small = (await sandbox.call("allocate", [1])).usage.memoryHighWaterBytes ?? 0;
  const large = (await sandbox.call("allocate", [20])).usage.memoryHighWaterBytes ?? 0;
  assert.ok(large - small > 15 * 1024 * 1024, `${small} -> ${large}`);
});

test("files are read and written inside the granted folders only, and every access is an event", async (context) => {
  const folder = await temporaryFolder(context);
  await writeFile(join(folder, "in.txt"), "content");
  const events: AuditEvent[] = [];
  await using sandbox = await open({
    name: "tester",
    grants: { filesystem: { read: [folder], write: [folder] } },
    onEvent: (event) => events.push(event),
  });
  assert.equal((await sandbox.call("read", [join(folder, "in.txt")])).value, "content");
  await sandbox.call("write", [join(folder, "out.txt"), "written"]);
  assert.equal(await readFile(join(folder, "out.txt"), "utf8"), "written");
  await failsWith("guest-error", /Permission denied/, sandbox.call("read", ["/etc/passwd"]));
  await failsWith("guest-error", /no such file/, sandbox.call("read", [join(folder, "absent")]));
  assert.deepEqual(
    events.map(({ sequence, componentId, action, result, invocation }) => [
      sequence,
      componentId,
      action,
      result,
      invocation,
    ]),
    [
      [1, "tester", "filesystem-read.read-file", "Allowed", 1],
      [2, "tester", "filesystem-write.write-file", "Allowed", 2],
      [3, "tester", "filesystem-read.read-file", "Denied", 3],
      [4, "tester", "filesystem-read.read-file", "Error", 4],
    ],
  );
  assert.ok(events.every((event) => event.componentDigest === sandbox.component.digest));
});

test("hosts are reached only when granted", async (context) => {
  const port = await server(context, (request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => response.end(`${request.method} ${request.url} ${body}`));
  });
  const url = `http://127.0.0.1:${port}/path`;
  await using denied = await open();
  await failsWith("guest-error", /Permission denied: network capability not granted/, denied.call("get", [url]));
  await using granted = await open({ grants: { network: { hosts: [`127.0.0.1:${port}`] } } });
  assert.equal((await granted.call("get", [url])).value, "GET /path ");
  assert.equal((await granted.call("post", [url, "hello"])).value, "POST /path hello");
  await failsWith("guest-error", /Permission denied/, granted.call("get", [`http://127.0.0.1:${port + 1}/`]));
  await using publicOnly = await open({ grants: { network: { public: true } } });
  await failsWith("guest-error", /Permission denied/, publicOnly.call("get", [url]));
});

test("guests that wait on a host call do not hold their worker", async (context) => {
  let waiting = 0;
  const { promise: allThere, resolve } = Promise.withResolvers<void>();
  // No response until all have asked: with one guest a worker, this would never end.
  const port = await server(context, (_request, response) => {
    waiting += 1;
    if (waiting === 20) resolve();
    void allThere.then(() => response.end("done"));
  });
  await using sandbox = await open({ grants: { network: { hosts: [`127.0.0.1:${port}`] } } });
  const calls = Array.from({ length: 20 }, () => sandbox.call("get", [`http://127.0.0.1:${port}/`]));
  for (const { value } of await Promise.all(calls)) assert.equal(value, "done");
});

test("an audit listener that throws changes nothing", async (context) => {
  const warned = Promise.withResolvers<Error>();
  process.once("warning", warned.resolve);
  context.after(() => process.removeListener("warning", warned.resolve));
  await using sandbox = await open({
    onEvent: () => {
      throw new Error("listener failed");
    },
  });
  await failsWith("guest-error", /Permission denied/, sandbox.call("read", ["/etc/passwd"]));
  assert.match((await warned.promise).message, /listener failed/);
});

test("cancelling ends a waiting guest, a spinning guest and a queued one", async (context) => {
  const asked = Promise.withResolvers<void>();
  const port = await server(context, () => asked.resolve());
  await using sandbox = await open({ grants: { network: { hosts: [`127.0.0.1:${port}`] } } });
  const waiting = new AbortController();
  const call = sandbox.call("get", [`http://127.0.0.1:${port}/`], { signal: waiting.signal });
  await asked.promise;
  waiting.abort(new Error("enough"));
  const error = await failsWith("cancelled", /cancelled/, call);
  assert.match(String(error.cause), /enough/);

  const spinning = new AbortController();
  const spin = sandbox.call("spin", [], { signal: spinning.signal });
  spinning.abort();
  await failsWith("cancelled", /cancelled/, spin);
  await failsWith("cancelled", /cancelled/, sandbox.call("add", [1, 1], { signal: AbortSignal.abort() }));
  assert.equal((await sandbox.call("add", [1, 1])).value, 2);
});

test("closing ends what runs, and closed is closed", async () => {
  const sandbox = await open();
  const spin = failsWith("cancelled", /cancelled/, sandbox.call("spin"));
  await sandbox.close();
  await spin;
  await failsWith("cancelled", /closed/, sandbox.call("add", [1, 1]));
  await sandbox.close();
});

test("sandboxes share workers, and one being closed leaves the others alone", async () => {
  await using first = await open();
  const second = await open({}, bundled("demo-malicious"));
  assert.match(String((await second.call()).value), /^BLOCKED/);
  await second.close();
  assert.equal((await first.call("add", [20, 22])).value, 42);
});

test("a wrong export is answered with the list and a suggestion", async () => {
  await using sandbox = await open();
  await failsWith("usage", /no such export; did you mean "add"\? its exports are .*add.*greet/, sandbox.call("ad"));
  await failsWith("usage", /it is no skill, so name an export/, sandbox.call());
});

test("wrong arguments are answered with the WIT type and the place", async () => {
  await using sandbox = await open();
  await failsWith("usage", /s32/, sandbox.call("add", [1, "two"]));
  await failsWith("usage", /u64/, sandbox.call("double", [-1n]));
  await failsWith("usage", /a: s32, b: s32|2 parameters|2 arguments/, sandbox.call("add", [1]));
  await failsWith("usage", /y/, sandbox.call("mirror", [{ x: 1 }]));
});

test("wrong options are named, all of them", async () => {
  await failsWith("usage", /timeoutMs/, open({ limits: { timeoutMs: 0 } }));
  await failsWith("usage", /did you mean timeoutMs/, open({ limits: { timeoutMS: 5 } as never }));
  await failsWith("policy", /no such file or folder/, open({ grants: { filesystem: { read: ["/no/such/folder"] } } }));
  await failsWith("policy", /did you mean "filesystem"/, open({ grants: { filesystm: {} } as never }));
});

test("what is no component is refused with what it is", async (context) => {
  const folder = await temporaryFolder(context);
  const file = async (name: string, content: string | Uint8Array): Promise<string> => {
    await writeFile(join(folder, name), content);
    return join(folder, name);
  };
  const whole = await readFile(guest);
  await failsWith("usage", /no such file/, open({}, join(folder, "absent.wasm")));
  await failsWith("usage", /is a directory/, open({}, folder));
  await failsWith("invalid-component", /is empty/, open({}, await file("empty.wasm", "")));
  await failsWith("invalid-component", /is text/, open({}, await file("text.wasm", "(module)")));
  await failsWith("invalid-component", /preamble/, open({}, await file("noise.wasm", Uint8Array.of(1, 0, 200, 3))));
  await failsWith(
    "invalid-component",
    /core WebAssembly module/,
    open({}, await file("core.wasm", Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0))),
  );
  await failsWith("invalid-component", /at byte \d+/, open({}, await file("cut.wasm", whole.subarray(0, 100_000))));
  await failsWith("usage", /only files/, Sandbox.open(new URL("https://example.com/x.wasm")));
});

test("missing imports are named, all of them, in one error", async () => {
  const wanting = await textGuest(
    "wanting",
    `(component
      (import "wasi:clocks/calendar@0.2.0" (instance (export "now" (func (result u64)))))
      (import "acme:tools/hammer" (instance (export "hit" (func))))
      (import "lonely" (func)))`,
  );
  await failsWith("unsupported", /lonely, wasi:clocks\/calendar@0\.2\.0, acme:tools\/hammer/, open({}, wanting));
});

test("an import of a known name and another type is refused", async () => {
  const liar = await textGuest(
    "liar",
    `(component (import "sandbox:skill/network" (instance (export "http-get" (func (param "url" u32) (result string))))))`,
  );
  await failsWith("unsupported", /http-get of type func\(url: u32\) -> string/, open({}, liar));
});

test("an export that returns a resource is refused before it is called", async () => {
  const source = `(component
    (type $r (resource (rep i32)))
    (core module $m (func (export "make") (result i32) unreachable))
    (core instance $i (instantiate $m))
    (func $make (result (own $r)) (canon lift (core func $i "make")))
    (component $c
      (import "r" (type $r (sub resource)))
      (import "make" (func $make (result (own $r))))
      (export $e "r" (type $r))
      (export "make" (func $make) (func (result (own $e)))))
    (instance $out (instantiate $c (with "r" (type $r)) (with "make" (func $make))))
    (export "acme:things/maker" (instance $out)))`;
  await using sandbox = await open({}, await textGuest("returns-resource", source));
  await failsWith("unsupported", /cannot leave its instance: func\(\) -> r/, sandbox.call("make"));
});

test("a guest cannot write where Cordon keeps code, whatever it is granted", async (context) => {
  const folder = await temporaryFolder(context);
  const directory = join(folder, "cache");
  await using sandbox = await Sandbox.open(guest, {
    cache: { directory },
    grants: { filesystem: { read: [folder], write: [folder] } },
  });
  await sandbox.call("write", [join(folder, "beside.txt"), "fine"]);
  await failsWith(
    "guest-error",
    /Permission denied/,
    sandbox.call("write", [join(directory, "planted.artifact"), "code"]),
  );
});
