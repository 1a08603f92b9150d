import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:https";
import { test } from "node:test";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { hostContext } from "../../../test/support/host-context.ts";
import { parseGrants } from "../../policy/parsing/parse-grants.ts";
import type { HostResult } from "../capability.ts";
import { certificateFor } from "./certificate-harness.test.ts";
import { httpExchange } from "./request.ts";

async function getFrom(certificate: {
  key: string;
  cert: string;
}): Promise<{ result: HostResult; names: unknown[]; requests: number }> {
  const names: unknown[] = [];
  let requests = 0;
  const server = createServer(certificate, (_request, response) => {
    requests += 1;
    response.end("hello");
  });
  server.on("secureConnection", (socket) => names.push(socket.servername));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  try {
    const context = hostContext({ grants: parseGrants({ network: { hosts: [`localhost:${port}`] } }, { cwd: "/" }) });
    return { result: await httpExchange(context, "GET", `https://localhost.:${port}/`), names, requests };
  } finally {
    server.close();
  }
}

test("a certificate that nobody vouches for ends the exchange before a request is sent", async () => {
  const { result, requests } = await getFrom(certificateFor("localhost"));
  assert.match(String(result.val), /the server's certificate could not be verified \(DEPTH_ZERO_SELF_SIGNED_CERT\)$/);
  assert.equal(requests, 0);
});

test("not even the environment turns verification off", async () => {
  process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
  try {
    const { result, requests } = await getFrom(certificateFor("localhost"));
    assert.match(String(result.val), /the server's certificate could not be verified/);
    assert.equal(requests, 0);
  } finally {
    delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
  }
});

test("a trusted certificate is accepted for its own name only, though the connection is to an address", async () => {
  const right = certificateFor("localhost");
  const wrong = certificateFor("other.example");
  setDefaultCACertificates([...getCACertificates("default"), right.cert, wrong.cert]);
  assert.deepEqual(await getFrom(right), { result: { tag: "ok", val: "hello" }, names: ["localhost"], requests: 1 });
  const { result, requests } = await getFrom(wrong);
  assert.match(String(result.val), /the server's certificate could not be verified \(ERR_TLS_CERT_ALTNAME_INVALID\)$/);
  assert.equal(requests, 0);
});
