import { CordonError } from "../shared/errors.ts";
import { readPrivateFile, writePrivateFile } from "../shared/machine/private-file.ts";
import { quoteText } from "../shared/quote-text.ts";
import { type KeyPair, keyPairFrom, makeKeyPair, type PublicKey, publicKeyFrom } from "./ed25519.ts";
import { isSealed, openKey, sealKey } from "./sealed-key.ts";

/** The first byte of wasmsign2's key files: 32 bytes of a public key follow, or 64 of a seed and its public key. */
const PUBLIC_TAG = 0x01;
const PAIR_TAG = 0x81;

const SEED_BYTES = 32;
const PUBLIC_BYTES = 32;

const MAX_FILE_BYTES = 4_096;

/**
 * Makes a key pair and writes it to two files that must not be there yet: PATH with the secret key, which only its user may read, and
 * PATH.pub with the public one. Without a passphrase both are in the form of wasmsign2.
 *
 * @throws CordonError `usage` when one of them is there, or cannot be written.
 */
export async function writeKeyPair(path: string, passphrase: Uint8Array | undefined): Promise<KeyPair> {
  const pair = makeKeyPair();
  const secret =
    passphrase === undefined
      ? Buffer.concat([Uint8Array.of(PAIR_TAG), pair.seed, pair.publicKey])
      : await sealKey(pair, passphrase);
  // The public one first: a secret key that was written and whose public one could not be is of no use.
  writePrivateFile(publicPathOf(path), publicKeyBytes(pair.publicKey), { existing: "refuse", mode: 0o644 });
  writePrivateFile(path, secret, { existing: "refuse" });
  return pair;
}

/** Where the public key of a key file is. */
export function publicPathOf(path: string): string {
  return `${path}.pub`;
}

/** A public key as its file has it. */
function publicKeyBytes(key: PublicKey): Uint8Array {
  return Buffer.concat([Uint8Array.of(PUBLIC_TAG), key]);
}

/**
 * Reads a public key.
 *
 * @throws CordonError `usage` when there is none.
 */
export function readPublicKey(path: string): PublicKey {
  const bytes = existing(path, "read");
  if (bytes[0] !== PUBLIC_TAG || bytes.length !== 1 + PUBLIC_BYTES) {
    const hint =
      bytes[0] === PAIR_TAG || isSealed(bytes) ? "it is a secret key; name the file that ends in .pub" : FORM;
    throw new CordonError("usage", `Cannot read the public key ${quoteText(path)}: ${hint}`);
  }
  return publicKeyFrom(bytes.subarray(1));
}

const FORM = "it is no key file of cordon keygen or wasmsign2";

/**
 * Reads a key pair to sign with.
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
  if (bytes[0] !== PAIR_TAG || bytes.length !== 1 + SEED_BYTES + PUBLIC_BYTES) {
    const hint = bytes[0] === PUBLIC_TAG ? "it is a public key; name the file without .pub" : FORM;
    throw new CordonError("usage", `Cannot sign with ${quoted}: ${hint}`);
  }
  const pair = keyPairFrom(bytes.subarray(1, 1 + SEED_BYTES));
  if (!Buffer.from(pair.publicKey).equals(bytes.subarray(1 + SEED_BYTES))) {
    throw new CordonError("usage", `Cannot sign with ${quoted}: its two halves are not of one key`);
  }
  return pair;
}

function existing(path: string, othersMay: "nothing" | "read"): Buffer {
  const bytes = readPrivateFile(path, { maxBytes: MAX_FILE_BYTES, othersMay });
  if (bytes !== undefined) return bytes;
  throw new CordonError("usage", `Cannot read ${quoteText(path)}: there is no such file; check the path`);
}
