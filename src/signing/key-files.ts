import { CordonError } from "../shared/errors.ts";
import { readPrivateFile, writePrivateFile } from "../shared/machine/private-file.ts";
import { quoteText } from "../shared/text/quote-text.ts";
import { type KeyPair, keyPairFrom, makeKeyPair, type PublicKey, publicKeyFrom } from "./ed25519.ts";
import { type DecodedKey, decodeKey, encodePublicKey, encodeSecretKey, type KeyEncoding } from "./key-encodings.ts";
import { isSealed, openKey, sealKey } from "./sealed-key.ts";

/** The first byte of wasmsign2's key files: 32 bytes of a public key follow, or 64 of a seed and its public key. */
const PUBLIC_TAG = 0x01;
const PAIR_TAG = 0x81;

const SEED_BYTES = 32;
const PUBLIC_BYTES = 32;

const MAX_FILE_BYTES = 4_096;

/** How the files of a key pair are written: as wasmsign2 does, or in PEM or DER. */
export type KeyFormat = "wasmsign2" | KeyEncoding;

/**
 * Makes a key pair and writes it to two files that must not be there yet: PATH with the secret key, which only its user may read, and
 * PATH.pub with the public one. Under a passphrase the secret one is in a form of its own.
 *
 * @throws CordonError `usage` when one of them is there, or cannot be written.
 */
export async function writeKeyPair(
  path: string,
  passphrase: Uint8Array | undefined,
  format: KeyFormat = "wasmsign2",
): Promise<KeyPair> {
  const pair = makeKeyPair();
  const secret = passphrase === undefined ? secretKeyBytes(pair, format) : await sealKey(pair, passphrase);
  const shared = format === "wasmsign2" ? publicKeyBytes(pair.publicKey) : encodePublicKey(pair.publicKey, format);
  // The public one first: a secret key that was written and whose public one could not be is of no use.
  writePrivateFile(publicPathOf(path), shared, { existing: "refuse", mode: 0o644 });
  writePrivateFile(path, secret, { existing: "refuse" });
  return pair;
}

/** Where the public key of a key file is. */
export function publicPathOf(path: string): string {
  return `${path}.pub`;
}

function secretKeyBytes({ seed, publicKey }: KeyPair, format: KeyFormat): Uint8Array {
  if (format !== "wasmsign2") return encodeSecretKey(seed, format);
  return Buffer.concat([Uint8Array.of(PAIR_TAG), seed, publicKey]);
}

/** A public key as its file has it. */
function publicKeyBytes(key: PublicKey): Uint8Array {
  return Buffer.concat([Uint8Array.of(PUBLIC_TAG), key]);
}

/**
 * Reads a public key, in the form of wasmsign2, in PEM or in DER.
 *
 * @throws CordonError `usage` when there is none.
 */
export function readPublicKey(path: string): PublicKey {
  const bytes = existing(path, "read");
  const decoded = decodeKey(bytes);
  if (decoded?.kind === "public") return publicKeyFrom(decoded.key);
  if (bytes[0] !== PUBLIC_TAG || bytes.length !== 1 + PUBLIC_BYTES) {
    const hint =
      bytes[0] === PAIR_TAG || decoded?.kind === "secret" || isSealed(bytes)
        ? "it is a secret key; name the file that ends in .pub"
        : formHint(decoded);
    throw new CordonError("usage", `Cannot read the public key ${quoteText(path)}: ${hint}`);
  }
  return publicKeyFrom(bytes.subarray(1));
}

function formHint(decoded: DecodedKey | undefined): string {
  if (decoded?.kind !== "other")
    return "it is no key file of cordon keygen or wasmsign2, and no PEM or DER of an Ed25519 key";
  const isEncrypted = decoded.what === "ENCRYPTED PRIVATE KEY";
  const advice = isEncrypted
    ? "keys under a passphrase are those of cordon keygen"
    : "a key is Ed25519, in a PUBLIC KEY or PRIVATE KEY block";
  return `it is ${quoteText(decoded.what)}; ${advice}`;
}

/**
 * Reads a key pair to sign with, in the form of wasmsign2, in PEM or DER (PKCS #8), or under a passphrase.
 *
 * @param passphrase Asked for when the file is under one.
 * @throws CordonError `usage` when there is none, others may read it, or the passphrase is wrong.
 */
export async function readKeyPair(path: string, passphrase: () => Promise<Uint8Array | undefined>): Promise<KeyPair> {
  const bytes = existing(path, "nothing");
  const quoted = quoteText(path);
  if (isSealed(bytes)) {
    const given = await passphrase();
    if (given !== undefined) return openKey(bytes, given, quoted);
    throw new CordonError("usage", `Cannot open ${quoted}: it is under a passphrase; give it with --passphrase-file`);
  }
  const decoded = decodeKey(bytes);
  const isPair = bytes[0] === PAIR_TAG && bytes.length === 1 + SEED_BYTES + PUBLIC_BYTES;
  if (!isPair && decoded?.kind !== "secret") {
    const isPublic = bytes[0] === PUBLIC_TAG || decoded?.kind === "public";
    const hint = isPublic ? "it is a public key; name the file without .pub" : formHint(decoded);
    throw new CordonError("usage", `Cannot sign with ${quoted}: ${hint}`);
  }
  const { seed, publicKey } =
    decoded?.kind === "secret"
      ? decoded
      : { seed: bytes.subarray(1, 1 + SEED_BYTES), publicKey: bytes.subarray(1 + SEED_BYTES) };
  const pair = keyPairFrom(seed);
  if (publicKey !== undefined && !Buffer.from(pair.publicKey).equals(publicKey)) {
    throw new CordonError("usage", `Cannot sign with ${quoted}: its two halves are not of one key`);
  }
  return pair;
}

function existing(path: string, othersMay: "nothing" | "read"): Buffer {
  const bytes = readPrivateFile(path, { maxBytes: MAX_FILE_BYTES, othersMay });
  if (bytes !== undefined) return bytes;
  throw new CordonError("usage", `Cannot read ${quoteText(path)}: there is no such file; check the path`);
}
