import { MalformedError } from "../shared/byte-reader.ts";
import { CordonError } from "../shared/errors.ts";
import { keyIdOf, type PublicKey, verifyMessage } from "./ed25519.ts";
import { moduleHashes } from "./module-hashes.ts";
import { decodeSignatures, signedMessage, type SignedHashes } from "./signature-data.ts";
import { wasmParts } from "./wasm-parts.ts";

/** How often a signature is held against a key, for one file: signatures without a key id are against all of them. */
const MAX_ATTEMPTS = 2_048;

/** How a file's signatures are checked. */
export interface VerifyOptions {
  /** How messages call the file. */
  readonly what: string;
  /** The keys that are known. */
  readonly keys: readonly PublicKey[];
  /** A signature that is not in the file. */
  readonly detached?: Uint8Array | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The keys that signed a Wasm file, of those that are known; each once, however often it signed. What is signed is the whole file but its
 * first eight bytes and the signature itself: there are as many parts as were signed, and each is what it was.
 *
 * @returns None when all its signatures are by keys that are not known.
 * @throws CordonError `signature` when it has no signature, is not what was signed, or a signature in the name of a known key is not by it.
 */
export async function verifyModule(bytes: Uint8Array, options: VerifyOptions): Promise<readonly PublicKey[]> {
  const { what, keys, detached, signal } = options;
  const parts = wasmParts(bytes, what);
  if (detached !== undefined && parts.signature !== undefined) {
    throw refused(what, "it has a signature of its own, and another was given; leave one of them out");
  }
  const encoded = detached ?? parts.signature;
  if (encoded === undefined) throw refused(what, "it is not signed");
  const sets = decoded(encoded, what);
  const hashes = await moduleHashes(bytes, parts, signal);
  const whole = sets.filter((set) => isSame(set.hashes, hashes));
  if (whole.length === 0) throw refused(what, mismatch(sets, hashes));
  return signersOf(whole, hashes, keys, what);
}

function signersOf(
  sets: readonly SignedHashes[],
  hashes: readonly Uint8Array[],
  keys: readonly PublicKey[],
  what: string,
): readonly PublicKey[] {
  const message = signedMessage(hashes);
  const known = keys.map((key) => ({ key, id: Buffer.from(keyIdOf(key)) }));
  const found = new Set<PublicKey>();
  let attempts = 0;
  for (const { keyId, signature } of sets.flatMap((set) => set.signatures)) {
    const named = known.filter(({ id }) => keyId === undefined || id.equals(keyId));
    attempts += named.length;
    if (attempts > MAX_ATTEMPTS) throw refused(what, "it has more signatures without a key id than can be tried");
    const holding = named.filter(({ key }) => verifyMessage(message, signature, key));
    if (keyId !== undefined && named.length > 0 && holding.length === 0) {
      throw refused(what, "a signature in the name of a known key was not made by it");
    }
    for (const { key } of holding) found.add(key);
  }
  return keys.filter((key) => found.has(key));
}

function decoded(bytes: Uint8Array, what: string): readonly SignedHashes[] {
  try {
    return decodeSignatures(bytes);
  } catch (thrown) {
    if (thrown instanceof MalformedError) throw refused(what, `the signature is malformed: ${thrown.message}`);
    throw thrown;
  }
}

/** Why no set of hashes is that of the file. */
function mismatch(sets: readonly SignedHashes[], hashes: readonly Uint8Array[]): string {
  const [set] = sets;
  if (set === undefined) return "its signature signs nothing";
  if (!sets.some((one) => one.hashes.length === hashes.length)) {
    return `it has ${counted(hashes.length)}, and ${set.hashes.length} were signed`;
  }
  return "it is not what was signed";
}

function counted(parts: number): string {
  return `${parts} part${parts === 1 ? "" : "s"}`;
}

function isSame(one: readonly Uint8Array[], other: readonly Uint8Array[]): boolean {
  return (
    one.length === other.length &&
    one.every((hash, index) => Buffer.from(hash).equals(other[index] ?? new Uint8Array()))
  );
}

function refused(what: string, why: string): CordonError {
  return new CordonError("signature", `Cannot trust ${what}: ${why}`);
}
