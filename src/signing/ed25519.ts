import type * as Crypto from "node:crypto";
import { CordonError } from "../shared/errors.ts";

const PUBLIC_BYTES = 32;
const KEY_ID_BYTES = 12;

/** A public key of Ed25519: 32 bytes. */
export type PublicKey = Uint8Array;

/** A key pair of Ed25519. */
export interface KeyPair {
  /** The 32 bytes that the secret key is made from. */
  readonly seed: Uint8Array;
  readonly publicKey: PublicKey;
}

/**
 * The y coordinates of the points of small order, in hexadecimal and little-endian, without the sign of x. For such a key there are
 * signatures that hold for any message.
 */
const SMALL_ORDER: ReadonlySet<string> = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]);

/** Makes a key pair. */
export function makeKeyPair(): KeyPair {
  return keyPairFrom(crypto().randomBytes(PUBLIC_BYTES));
}

/** The key pair of a seed. */
export function keyPairFrom(seed: Uint8Array): KeyPair {
  const { x = "" } = crypto().createPublicKey(privateKey(seed)).export({ format: "jwk" });
  return { seed, publicKey: Buffer.from(x, "base64url") };
}

/**
 * 32 bytes as a public key.
 *
 * @throws CordonError `usage` when they are none, or one for which signatures hold that nobody made.
 */
export function publicKeyFrom(bytes: Uint8Array): PublicKey {
  const y = Buffer.from(bytes);
  if (y.length !== PUBLIC_BYTES)
    throw new CordonError("usage", `Cannot use the public key: it has no ${PUBLIC_BYTES} bytes`);
  y[PUBLIC_BYTES - 1] = (y[PUBLIC_BYTES - 1] ?? 0) & 0x7f;
  if (SMALL_ORDER.has(y.toString("hex"))) {
    throw new CordonError(
      "usage",
      "Cannot use the public key: anyone could sign in its name; make another with cordon keygen",
    );
  }
  return new Uint8Array(bytes);
}

/** Signs a message. The same key and message give the same 64 bytes. */
export function signMessage(message: Uint8Array, { seed }: KeyPair): Uint8Array {
  return crypto().sign(null, message, privateKey(seed));
}

/** Whether a signature holds. A key that is no point of the curve made none. */
export function verifyMessage(message: Uint8Array, signature: Uint8Array, key: PublicKey): boolean {
  try {
    return crypto().verify(null, message, publicKeyObject(key), signature);
  } catch {
    return false;
  }
}

/** How signatures name the key that made them: the first 12 bytes of the HMAC-SHA256 of `key_id`, with the public key as its key. */
export function keyIdOf(key: PublicKey): Uint8Array {
  return crypto().createHmac("sha256", key).update("key_id").digest().subarray(0, KEY_ID_BYTES);
}

function privateKey(seed: Uint8Array): Crypto.KeyObject {
  // RFC 8410, section 7: the octets before the seed in a PKCS #8 document.
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  return crypto().createPrivateKey({ key: der, format: "der", type: "pkcs8" });
}

function publicKeyObject(key: PublicKey): Crypto.KeyObject {
  const x = Buffer.from(key).toString("base64url");
  return crypto().createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
}

/** Node's `node:crypto`, loaded by whoever needs it first. */
function crypto(): typeof Crypto {
  return process.getBuiltinModule("node:crypto");
}
