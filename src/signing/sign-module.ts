import { MalformedError } from "../shared/byte-reader.ts";
import { CordonError } from "../shared/errors.ts";
import { type KeyPair, keyIdOf, signMessage } from "./ed25519.ts";
import { moduleHashes } from "./module-hashes.ts";
import {
  decodeSignatures,
  encodeSignatures,
  type HashSignature,
  leb128,
  MAX_SIGNATURE_BYTES,
  signedMessage,
  type SignedHashes,
} from "./signature-data.ts";
import { SIGNATURE_SECTION, wasmParts } from "./wasm-parts.ts";

const HEADER_BYTES = 8;

/** A file that was signed. */
export interface SignedFile {
  /** The content of its signature section, which is also what a detached signature holds. */
  readonly signature: Uint8Array;
  /** The file with that section at its beginning, and the rest as it was. */
  readonly bytes: Uint8Array;
}

/**
 * Signs a Wasm file. Signatures that it has already are kept, that of the same key once.
 *
 * @param what How messages call the file.
 * @throws CordonError `signature` when it has a signature that is not over all of it as it is now, or is no Wasm file.
 */
export async function signModule(bytes: Uint8Array, pair: KeyPair, what: string): Promise<SignedFile> {
  const parts = wasmParts(bytes, what);
  const hashes = await moduleHashes(bytes, parts);
  const earlier = parts.signature === undefined ? [] : earlierSignatures(parts.signature, hashes, what);
  const keyId = keyIdOf(pair.publicKey);
  const own: HashSignature = { keyId, signature: signMessage(signedMessage(hashes), pair) };
  const others = earlier.filter(({ keyId: id }) => id === undefined || !Buffer.from(id).equals(keyId));
  const signature = encodeSignatures([{ hashes, signatures: [...others, own] }]);
  if (signature.length > MAX_SIGNATURE_BYTES) {
    throw new CordonError("signature", `Cannot sign ${what}: it has as many signatures as a file can have`);
  }
  return {
    signature,
    bytes: Buffer.concat([bytes.subarray(0, HEADER_BYTES), section(signature), bytes.subarray(parts.start)]),
  };
}

function earlierSignatures(encoded: Uint8Array, hashes: readonly Uint8Array[], what: string): readonly HashSignature[] {
  let sets: readonly SignedHashes[];
  try {
    sets = decodeSignatures(encoded);
  } catch (thrown) {
    if (!(thrown instanceof MalformedError)) throw thrown;
    throw new CordonError("signature", `Cannot sign ${what}: the signature it has is malformed: ${thrown.message}`);
  }
  const isOfThis = (set: SignedHashes): boolean =>
    Buffer.concat(set.hashes).equals(Buffer.concat(hashes)) && set.hashes.length === hashes.length;
  if (!sets.every(isOfThis)) {
    throw new CordonError("signature", `Cannot sign ${what}: it is not what its earlier signature signed`);
  }
  return sets.flatMap((set) => set.signatures);
}

function section(signature: Uint8Array): Uint8Array {
  const name = Buffer.from(SIGNATURE_SECTION);
  const size = 1 + name.length + signature.length;
  return Buffer.concat([Uint8Array.from([0, ...leb128(size), name.length]), name, signature]);
}
