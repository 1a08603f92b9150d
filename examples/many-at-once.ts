/**
 * Runs many calls at once in one process. A guest that waits for a response does not hold a thread: the server below
 * answers nobody until all have asked.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Sandbox } from "cordon";

const CALLS = 50;
const tool = new URL("../build/examples/tool.wasm", import.meta.url);

let asked = 0;
const everyone = Promise.withResolvers<void>();
const server = createServer((request, response) => {
  asked += 1;
  if (asked === CALLS) everyone.resolve();
  void everyone.promise.then(() => response.end(`answer to ${request.url}`));
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;

try {
  await using sandbox = await Sandbox.open(tool, { grants: { network: { hosts: [host] } } });
  const start = performance.now();
  const results = await Promise.all(
    Array.from({ length: CALLS }, (_, index) => sandbox.call("tool.fetch", [`http://${host}/${index}`])),
  );
  const elapsed = Math.round(performance.now() - start);

  assert.deepEqual(
    results.map(({ value }) => value),
    results.map((_, index) => `answer to /${index}`),
  );
  const memory = results.reduce((most, { usage }) => Math.max(most, usage.memoryHighWaterBytes ?? 0), 0);
  console.log(`${CALLS} calls waited at the same time and took ${elapsed} ms in all`);
  console.log(`the largest instance held ${(memory / 1024 / 1024).toFixed(1)} MiB`);
} finally {
  server.closeAllConnections();
  server.close();
}
