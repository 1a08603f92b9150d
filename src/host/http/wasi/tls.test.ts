import assert from "node:assert/strict";
import { createServer } from "node:https";
import { test } from "node:test";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { certificateFor } from "../certificate-harness.test.ts";
import { listen, serve } from "../exchange-harness.test.ts";
import { Guest } from "./guest-harness.test.ts";

const HTTPS = { tag: "HTTPS" };

async function serveHttps(certificate: { key: string; cert: string }): Promise<number> {
  return listen(createServer(certificate, (_request, response) => void response.end("hello")));
}

function fetchFrom(port: number): ReturnType<Guest["fetch"]> {
  const guest = new Guest({ network: { hosts: [`localhost:${port}`] } });
  return guest.fetch({ authority: `localhost:${port}`, scheme: HTTPS });
}

test("certificates are verified against the name, whatever the environment says", async () => {
  const right = certificateFor("localhost");
  const wrong = certificateFor("other.example");
  process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
  try {
    assert.deepEqual(await fetchFrom(await serveHttps(right)), { tag: "err", val: { tag: "TLS-certificate-error" } });
  } finally {
    delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
  }
  setDefaultCACertificates([...getCACertificates("default"), right.cert, wrong.cert]);
  const result = await fetchFrom(await serveHttps(right));
  assert.equal(result.tag === "ok" && result.val.body, "hello");
  assert.deepEqual(await fetchFrom(await serveHttps(wrong)), { tag: "err", val: { tag: "TLS-certificate-error" } });
});

test("a server that does not speak TLS, or not ours, is a TLS error", async () => {
  const plain = await serve((_request, response) => void response.end());
  assert.deepEqual(await fetchFrom(plain), { tag: "err", val: { tag: "TLS-protocol-error" } });
  const old = createServer({
    ...certificateFor("localhost"),
    minVersion: "TLSv1.3",
    ciphers: "TLS_AES_128_CCM_SHA256",
  });
  const result = await fetchFrom(await listen(old));
  assert.equal(result.tag, "err");
  assert.deepEqual(result.val, {
    tag: "TLS-alert-received",
    val: { alertId: 40, alertMessage: "handshake failure" },
  });
});
