import { CordonError } from "../shared/errors.ts";
import { keyIdOf, type KeyPair, signMessage, verifyMessage } from "./ed25519.ts";
import type { TrustedKey } from "./trusted-key.ts";

/** One signature over a manifest, as it stands there. */
export interface SignatureOfManifest {
  /** The id of the key, in hexadecimal. */
  readonly key: string;
  /** In base64. */
  readonly value: string;
}

/** Signs a manifest: the canonical JSON of all its fields but the signatures. */
export function signManifest(signed: string, pair: KeyPair): SignatureOfManifest {
  return {
    key: Buffer.from(keyIdOf(pair.publicKey)).toString("hex"),
    value: Buffer.from(signMessage(Buffer.from(signed), pair)).toString("base64"),
  };
}

/**
 * Those of the keys that signed a manifest, each once, whether or not they count.
 *
 * @param what How messages call it.
 * @throws CordonError `signature` when it is not signed, or a signature in the name of a known key was not made by it.
 */
export function manifestSigners(
  { signed, signatures }: { readonly signed: string; readonly signatures: readonly SignatureOfManifest[] },
  keys: readonly TrustedKey[],
  what: string,
): readonly TrustedKey[] {
  if (signatures.length === 0) throw new CordonError("signature", `Cannot trust ${what}: it is not signed`);
  const message = Buffer.from(signed);
  const found = new Set<TrustedKey>();
  for (const { key: id, value } of signatures) {
    const named = keys.filter(({ publicKey }) => Buffer.from(keyIdOf(publicKey)).toString("hex") === id);
    const holding = named.filter(({ publicKey }) => verifyMessage(message, Buffer.from(value, "base64"), publicKey));
    if (named.length > 0 && holding.length === 0) {
      const why = "a signature in the name of a known key was not made by it, or something of it was changed";
      throw new CordonError("signature", `Cannot trust ${what}: ${why}`);
    }
    for (const key of holding) found.add(key);
  }
  return keys.filter((key) => found.has(key));
}
