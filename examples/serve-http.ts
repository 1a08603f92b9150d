/**
 * Serves a component over HTTP, in a process of its own where one can be started: each request has an instance of its own, bodies
 * stream both ways, and a request that is not answered in time costs nobody else anything. The component is guests/greeter.js.
 */
import assert from "node:assert/strict";
import { serveHttp } from "cordon";

const greeter = new URL("../build/examples/greeter.wasm", import.meta.url);
const failed: string[] = [];

await using server = await serveHttp(greeter, {
  sandbox: { limits: { timeoutMs: 3_000 } },
  onFailure: (error, { path }) => void failed.push(`${path}: ${error.limit?.limit}`),
});
const url = `http://${server.host}:${server.port}`;

// What one request leaves behind, the next one does not see: both are the first of their instance.
for (const path of ["/alice", "/bob"]) {
  const answer = await (await fetch(`${url}${path}`)).text();
  console.log(answer.trimEnd());
  assert.equal(answer, `Hello from ${path}, request 1 of this instance\n`);
}

const echoed = await fetch(`${url}/echo`, { method: "POST", body: "there and back" });
assert.equal(await echoed.text(), "there and back");

// One that spins gets its client a 504; the others are answered.
const [spinning, other] = await Promise.all([fetch(`${url}/spin`), fetch(`${url}/carol`)]);
assert.deepEqual([spinning.status, other.status], [504, 200]);
assert.deepEqual(failed, ["/spin: deadline"]);
console.log(`/spin: ${spinning.status}, /carol: ${other.status}`);
