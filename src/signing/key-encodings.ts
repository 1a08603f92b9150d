/** Keys of Ed25519 as RFC 8410 has them, in DER, or in PEM (RFC 7468) around it. One encoding each, so nothing else is parsed. */

const PUBLIC_DER = Buffer.from("302a300506032b6570032100", "hex");
const SECRET_DER = Buffer.from("302e020100300506032b657004220420", "hex");
/** With the public key behind the secret one (RFC 5958). */
const [PAIR_DER, PAIR_MIDDLE] = [Buffer.from("3051020101300506032b657004220420", "hex"), Buffer.from("812100", "hex")];

const KEY_BYTES = 32;

/** How a public key, or a secret one, is written beside the form of wasmsign2. */
export type KeyEncoding = "pem" | "der";

/** What a file in PEM or DER holds. */
export type DecodedKey =
  | { readonly kind: "public"; readonly key: Uint8Array }
  | { readonly kind: "secret"; readonly seed: Uint8Array; readonly publicKey: Uint8Array | undefined }
  /** PEM or DER of something else, such as a secret key under a passphrase of OpenSSL's. */
  | { readonly kind: "other"; readonly what: string };

/** A key in PEM or DER; `undefined` for what is neither. */
export function decodeKey(bytes: Uint8Array): DecodedKey | undefined {
  const pem = pemOf(bytes);
  if (pem !== undefined)
    return pem.der === undefined
      ? { kind: "other", what: pem.label }
      : (decodeDer(pem.der) ?? { kind: "other", what: pem.label });
  return bytes[0] === 0x30 ? (decodeDer(bytes) ?? { kind: "other", what: "DER of another kind of key" }) : undefined;
}

/** A public key as it is written. */
export function encodePublicKey(key: Uint8Array, encoding: KeyEncoding): Uint8Array {
  return encoded(Buffer.concat([PUBLIC_DER, key]), "PUBLIC KEY", encoding);
}

/** A secret key as it is written: PKCS #8 without attributes. */
export function encodeSecretKey(seed: Uint8Array, encoding: KeyEncoding): Uint8Array {
  return encoded(Buffer.concat([SECRET_DER, seed]), "PRIVATE KEY", encoding);
}

function encoded(der: Buffer, label: string, encoding: KeyEncoding): Uint8Array {
  if (encoding === "der") return der;
  return Buffer.from(`-----BEGIN ${label}-----\n${der.toString("base64")}\n-----END ${label}-----\n`);
}

function decodeDer(bytes: Uint8Array): DecodedKey | undefined {
  const der = Buffer.from(bytes);
  const after = (head: Buffer, length: number): Uint8Array | undefined =>
    der.length === length && der.subarray(0, head.length).equals(head)
      ? new Uint8Array(der.subarray(head.length, head.length + KEY_BYTES))
      : undefined;
  const key = after(PUBLIC_DER, PUBLIC_DER.length + KEY_BYTES);
  if (key !== undefined) return { kind: "public", key };
  const seed = after(SECRET_DER, SECRET_DER.length + KEY_BYTES);
  if (seed !== undefined) return { kind: "secret", seed, publicKey: undefined };
  const both = after(PAIR_DER, PAIR_DER.length + KEY_BYTES + PAIR_MIDDLE.length + KEY_BYTES);
  const middle = PAIR_DER.length + KEY_BYTES;
  if (both === undefined || !der.subarray(middle, middle + PAIR_MIDDLE.length).equals(PAIR_MIDDLE)) return undefined;
  return { kind: "secret", seed: both, publicKey: new Uint8Array(der.subarray(middle + PAIR_MIDDLE.length)) };
}

/** The one block of a PEM text; without `der` where its label is none of ours or it is no base64. */
function pemOf(bytes: Uint8Array): { readonly label: string; readonly der: Uint8Array | undefined } | undefined {
  const text = Buffer.from(bytes).toString("latin1");
  if (!text.startsWith("-----BEGIN ")) return undefined;
  const [, label = "a PEM file", body, end] =
    /^-----BEGIN ([A-Z0-9 ]{1,40})-----\r?\n([A-Za-z0-9+/=\r\n]*)-----END ([A-Z0-9 ]{1,40})-----\s*$/u.exec(text) ?? [];
  if (body === undefined || end !== label || (label !== "PUBLIC KEY" && label !== "PRIVATE KEY"))
    return { label, der: undefined };
  const joined = body.replaceAll(/[\r\n]/gu, "");
  const der = Buffer.from(joined, "base64");
  return { label, der: der.toString("base64") === joined ? der : undefined };
}
