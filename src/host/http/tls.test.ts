import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:https";
import { test } from "node:test";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { parseGrants } from "../../policy/parse-grants.ts";
import { DEFAULT_LIMITS } from "../../shared/limits.ts";
import type { HostResult } from "../capability.ts";
import { httpExchange } from "./request.ts";

/** One DER element: a tag, a length, and the contents. */
function der(tag: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const size = content.length;
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 255];
  return Buffer.concat([Buffer.of(tag, ...length), content]);
}

/** A self-signed certificate for one DNS name, valid from 2020 to 2049 (RFC 5280). */
function certificateFor(name: string): { readonly key: string; readonly cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const sequence = (...contents: Buffer[]): Buffer => der(0x30, ...contents);
  const ed25519 = sequence(der(0x06, Buffer.from("2b6570", "hex")));
  const commonName = sequence(der(0x06, Buffer.from("550403", "hex")), der(0x0c, Buffer.from(name)));
  const subject = sequence(der(0x31, commonName));
  const validity = sequence(der(0x17, Buffer.from("200101000000Z")), der(0x17, Buffer.from("491231235959Z")));
  const altName = der(0x04, sequence(der(0x82, Buffer.from(name))));
  const extensions = der(0xa3, sequence(sequence(der(0x06, Buffer.from("551d11", "hex")), altName)));
  const content = sequence(
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.of(1)),
    ed25519,
    subject,
    validity,
    subject,
    publicKey.export({ type: "spki", format: "der" }),
    extensions,
  );
  const bytes = sequence(content, ed25519, der(0x03, Buffer.of(0), sign(null, content, privateKey)));
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }),
    cert: `-----BEGIN CERTIFICATE-----\n${bytes.toString("base64")}\n-----END CERTIFICATE-----\n`,
  };
}

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
    const context = {
      grants: parseGrants({ network: { hosts: [`localhost:${port}`] } }, { cwd: "/" }),
      limits: DEFAULT_LIMITS,
      signal: new AbortController().signal,
      observe: () => undefined,
    };
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
