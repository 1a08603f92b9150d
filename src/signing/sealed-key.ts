import type * as Crypto from "node:crypto";
import { CordonError } from "../shared/errors.ts";
import { type KeyPair, keyPairFrom } from "./ed25519.ts";

/** What the key is derived from a passphrase with: 128 MiB and some half a second. A file that asks for anything else is refused. */
const SCRYPT = { N: 2 ** 17, r: 8, p: 1 } as const;
const SCRYPT_MEMORY = 256 * 1024 * 1024;

const CIPHER = "aes-256-gcm";
const FORMAT = "cordon-sealed-key-1";
const SALT_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const SEED_BYTES = 32;

const MAX_PASSPHRASE_BYTES = 1_024;

/** A key file under a passphrase: one JSON object with exactly these members. */
interface SealedKey {
  readonly format: typeof FORMAT;
  readonly kdf: { readonly name: "scrypt"; readonly N: number; readonly r: number; readonly p: number };
  readonly cipher: typeof CIPHER;
  /** In base64, like the two below. */
  readonly salt: string;
  readonly nonce: string;
  /** The 32 bytes of the seed, encrypted, and the tag. */
  readonly sealed: string;
}

/** Whether the content of a key file is under a passphrase. */
export function isSealed(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7b;
}

/**
 * Puts a key pair under a passphrase.
 *
 * @throws CordonError `usage` when it is empty or longer than 1,024 bytes.
 */
export async function sealKey({ seed }: KeyPair, passphrase: Uint8Array): Promise<Uint8Array> {
  const { randomBytes, createCipheriv }: typeof Crypto = process.getBuiltinModule("node:crypto");
  const [salt, nonce] = [randomBytes(SALT_BYTES), randomBytes(NONCE_BYTES)];
  const cipher = createCipheriv(CIPHER, await derivedKey(passphrase, salt), nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(FORMAT));
  const sealed = Buffer.concat([cipher.update(seed), cipher.final(), cipher.getAuthTag()]);
  const document: SealedKey = {
    format: FORMAT,
    kdf: { name: "scrypt", ...SCRYPT },
    cipher: CIPHER,
    salt: salt.toString("base64"),
    nonce: nonce.toString("base64"),
    sealed: sealed.toString("base64"),
  };
  return Buffer.from(`${JSON.stringify(document, undefined, 2)}\n`);
}

/**
 * The key pair of a file under a passphrase.
 *
 * @throws CordonError `usage` when it is none, or the passphrase is not its own.
 */
export async function openKey(bytes: Uint8Array, passphrase: Uint8Array, what: string): Promise<KeyPair> {
  const { salt, nonce, sealed } = readSealed(bytes, what);
  const { createDecipheriv }: typeof Crypto = process.getBuiltinModule("node:crypto");
  const decipher = createDecipheriv(CIPHER, await derivedKey(passphrase, salt), nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(FORMAT));
  decipher.setAuthTag(sealed.subarray(SEED_BYTES));
  try {
    return keyPairFrom(Buffer.concat([decipher.update(sealed.subarray(0, SEED_BYTES)), decipher.final()]));
  } catch (thrown) {
    throw new CordonError("usage", `Cannot open ${what}: the passphrase is not its own, or the file is damaged`, {
      cause: thrown,
    });
  }
}

function readSealed(
  bytes: Uint8Array,
  what: string,
): { readonly salt: Buffer; readonly nonce: Buffer; readonly sealed: Buffer } {
  const wrong = new CordonError("usage", `Cannot open ${what}: it is no key file of cordon keygen`);
  let found: Partial<Record<keyof SealedKey, unknown>>;
  try {
    found = JSON.parse(Buffer.from(bytes).toString("utf8")) as typeof found;
  } catch {
    throw wrong;
  }
  const kdf = JSON.stringify({ name: "scrypt", ...SCRYPT });
  if (found.format !== FORMAT || found.cipher !== CIPHER || JSON.stringify(found.kdf) !== kdf) throw wrong;
  const [salt, nonce, sealed] = [found.salt, found.nonce, found.sealed].map((one) =>
    Buffer.from(typeof one === "string" ? one : "", "base64"),
  );
  const sizes = [salt?.length, nonce?.length, sealed?.length].join();
  if (salt === undefined || nonce === undefined || sealed === undefined) throw wrong;
  if (sizes !== [SALT_BYTES, NONCE_BYTES, SEED_BYTES + TAG_BYTES].join()) throw wrong;
  return { salt, nonce, sealed };
}

async function derivedKey(passphrase: Uint8Array, salt: Uint8Array): Promise<Buffer> {
  if (passphrase.length === 0 || passphrase.length > MAX_PASSPHRASE_BYTES) {
    throw new CordonError("usage", `Cannot use the passphrase: it has from 1 to ${MAX_PASSPHRASE_BYTES} bytes`);
  }
  const { scrypt }: typeof Crypto = process.getBuiltinModule("node:crypto");
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  scrypt(passphrase, salt, 32, { ...SCRYPT, maxmem: SCRYPT_MEMORY }, (error, key) => {
    if (error === null) resolve(key);
    else reject(error);
  });
  return promise;
}
