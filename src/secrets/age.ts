import type * as Age from "age-encryption";
import { CordonError } from "../shared/errors.ts";

/**
 * A new identity, as `age-keygen` prints it: `AGE-SECRET-KEY-1` and so on.
 */
export async function newIdentity(): Promise<string> {
  return (await age()).generateX25519Identity();
}

/**
 * Whom an identity lets encrypt for it.
 *
 * @throws CordonError `usage` when it is none.
 */
export async function recipientOf(identity: string): Promise<string> {
  try {
    return await (await age()).identityToRecipient(identity);
  } catch {
    throw notAnIdentity();
  }
}

/** A file that `age` can read with the identity of a recipient. */
export async function encrypted(plain: Uint8Array, recipient: string): Promise<Uint8Array> {
  const encrypter = new (await age()).Encrypter();
  encrypter.addRecipient(recipient);
  return encrypter.encrypt(plain);
}

/**
 * What is in such a file.
 *
 * @throws CordonError `usage` when it is none, was changed, or is for another identity.
 */
export async function decrypted(file: Uint8Array, identity: string, what: string): Promise<Uint8Array> {
  const decrypter = new (await age()).Decrypter();
  try {
    decrypter.addIdentity(identity);
  } catch {
    throw notAnIdentity();
  }
  try {
    return await decrypter.decrypt(file);
  } catch {
    // What the library says may quote what it was given.
    throw new CordonError("usage", `Cannot decrypt ${what}: it is for another identity, or damaged`);
  }
}

function notAnIdentity(): CordonError {
  return new CordonError("usage", "Cannot use the identity for secrets: it is none; it begins with AGE-SECRET-KEY-1");
}

/** The library takes 30 ms to load, which only those wait for who have secrets. */
async function age(): Promise<typeof Age> {
  return import("age-encryption");
}
