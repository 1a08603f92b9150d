import { generateKeyPairSync, sign } from "node:crypto";

// Shared by the tests of HTTPS; has no tests of its own.

/** One DER element: a tag, a length, and the contents. */
function der(tag: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const size = content.length;
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 255];
  return Buffer.concat([Buffer.of(tag, ...length), content]);
}

/** A self-signed certificate for one DNS name, valid from 2020 to 2049 (RFC 5280). */
export function certificateFor(name: string): { readonly key: string; readonly cert: string } {
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
