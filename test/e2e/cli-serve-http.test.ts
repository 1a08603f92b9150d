import assert from "node:assert/strict";
import { once } from "node:events";
import { copyFile, rm } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { before, test } from "node:test";
import { cordon, type RunningCli, startCordon } from "../support/cli.ts";
import { proxyGuest, temporaryFolder, testGuest } from "../support/guests.ts";

let guest: string;
before(async () => {
  guest = await proxyGuest();
});

/** A server on a port of its own choice, and where it says it is. */
async function serving(
  ...flags: string[]
): Promise<RunningCli & { readonly url: string; readonly stderr: () => string }> {
  const running = startCordon(["serve-http", guest, "--addr", "127.0.0.1:0", ...flags]);
  let stderr = "";
  running.child.stderr.on("data", (chunk) => {
    stderr += String(chunk);
  });
  await running.said("(Ctrl-C ends it)\n");
  const url = /^Serving [^\n]* on (http:\/\/127\.0\.0\.1:\d+) /u.exec(stderr)?.[1];
  assert.ok(url !== undefined, stderr);
  return { ...running, url, stderr: () => stderr };
}

async function fetched(url: string): Promise<{ readonly status: number | undefined; readonly body: string }> {
  const [response] = (await once(get(url, { agent: false }), "response")) as [IncomingMessage];
  return { status: response.statusCode, body: await text(response) };
}

test("it says where it serves, answers, and reports what failed on stderr", async () => {
  const { url, child, ended, said } = await serving();
  assert.deepEqual(await fetched(`${url}/hello`), { status: 200, body: "hello\n" });
  assert.deepEqual(await fetched(`${url}/print/printed%0A`), { status: 200, body: "printed" });
  await said("printed\n");
  assert.equal((await fetched(`${url}/trap`)).status, 502);
  await said("failed GET /trap: ");
  child.kill("SIGTERM");
  const { code, stdout, stderr } = await ended;
  assert.deepEqual([code, stdout], [0, ""]);
  assert.equal(stderr.trimEnd().split("\n").length, 3, stderr);
});

test("SIGTERM lets what runs end, takes no more, and exits with 0", async () => {
  const { url, child, ended, said } = await serving();
  // The guest has begun when the first part of its answer is there.
  const [response] = (await once(get(`${url}/partial/sleep`, { agent: false }), "response")) as [IncomingMessage];
  child.kill("SIGTERM");
  await said("Waiting for 1 request");
  await assert.rejects(fetched(`${url}/hello`), { code: "ECONNREFUSED" });
  assert.equal(await text(response), "half and half");
  assert.equal((await ended).code, 0);
});

test("with --watch, a version that cannot serve leaves the one before in force", async (context) => {
  const file = join(await temporaryFolder(context), "watched.wasm");
  await copyFile(guest, file);
  const running = startCordon(["serve-http", file, "--addr=127.0.0.1:0", "--watch", "--isolation=thread"]);
  let stderr = "";
  running.child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  await running.said("(Ctrl-C ends it)\n");
  const url = /(http:\/\/127\.0\.0\.1:\d+) /u.exec(stderr)?.[1] ?? assert.fail(stderr);
  await copyFile(await testGuest(), file);
  await running.said("failed to open the changed component: ");
  assert.deepEqual(await fetched(`${url}/hello`), { status: 200, body: "hello\n" });
  await rm(file);
  await running.said("there is no such file");
  await copyFile(guest, file);
  await running.said("Serving watched as it is now (sha256:");
  assert.deepEqual(await fetched(`${url}/hello`), { status: 200, body: "hello\n" });
  running.child.kill("SIGTERM");
  assert.equal((await running.ended).code, 0);
  const refused = await cordon(["serve-http", "-", "--watch"], { stdin: "" });
  assert.deepEqual([refused.code, /Cannot watch stdin/u.test(refused.stderr)], [2, true], refused.stderr);
});

test("a second signal ends it at once", async () => {
  const { url, child, ended, said } = await serving();
  const begun = get(`${url}/sleep/600000`, { agent: false });
  begun.on("error", () => undefined);
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.write("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nhalf");
  await once(socket, "data");
  socket.on("error", () => undefined);
  child.kill("SIGINT");
  await said("Waiting for ");
  child.kill("SIGINT");
  assert.equal((await ended).code, null);
});

test("limits and the bound on requests hold for each", async () => {
  const { url, child, ended } = await serving("--timeout=1s", "--max-concurrent=1");
  const [response] = (await once(get(`${url}/partial/spin`, { agent: false }), "response")) as [IncomingMessage];
  assert.equal((await fetched(`${url}/hello`)).status, 503);
  await assert.rejects(text(response), { code: "ECONNRESET" });
  assert.equal((await fetched(`${url}/sleep/600000`)).status, 504);
  assert.equal((await fetched(`${url}/hello`)).status, 200);
  child.kill("SIGTERM");
  assert.equal((await ended).code, 0);
});

test("an address that is none, or is taken, is an error of usage", async (context) => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  context.after(() => void taken.close());
  const port = (taken.address() as AddressInfo).port;
  for (const [flag, message] of [
    ["--addr=8080", /Cannot listen on "8080": write HOST:PORT/u],
    ["--addr=a:b", /write HOST:PORT/u],
    ["--addr=127.0.0.1:65536", /write HOST:PORT/u],
    ["--addr=::1:80", /write HOST:PORT/u],
    ["--addr=\u001b[2J:80", /^error: [^\u001b]*$/u],
    [`--addr=127.0.0.1:${port}`, /EADDRINUSE/u],
    ["--addr=192.0.2.1:0", /EADDRNOTAVAIL/u],
    ["--max-concurrent=0", /it takes 1 to 65536/u],
    ["--max-concurrent=many", /it takes 1 to 65536/u],
  ] as const) {
    const { code, stdout, stderr } = await cordon(["serve-http", guest, flag]);
    assert.deepEqual([code, stdout], [2, ""], flag);
    assert.match(stderr, message);
    assert.match(stderr, /^error: [^\n]+\n$/u);
  }
});

test("a component that answers no requests is not served", async () => {
  const { code, stderr } = await cordon(["serve-http", await testGuest(), "--addr=127.0.0.1:0"]);
  assert.equal(code, 2);
  assert.match(stderr, /^error: Cannot serve the component: it does not export wasi:http\/incoming-handler\n$/u);
  const missing = await cordon(["serve-http", "missing.wasm"], {
    cwd: await temporaryFolder({ after: () => undefined }),
  });
  assert.equal(missing.code, 2);
});
