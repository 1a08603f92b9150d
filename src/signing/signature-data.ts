import { ByteReader } from "../shared/byte-reader.ts";

/** What a file's signature section holds at most, in bytes. */
export const MAX_SIGNATURE_BYTES: number = 64 * 1024;

/** As many as wasmsign2 takes. */
const MAX_HASHES = 64;
const MAX_SIGNATURES = 256;
const MAX_SETS = 64;

const HASH_BYTES = 32;
const KEY_ID_BYTES = 12;
const SIGNATURE_BYTES = 64;

/** Specification version 1, content type WebAssembly, hash function SHA-256. */
const HEAD: readonly number[] = [1, 1, 1];

const ED25519 = 1;

/** One signature over a set of hashes. */
export interface HashSignature {
  /** Which key made it, for finding that: 12 bytes, or none. Not signed. */
  readonly keyId: Uint8Array | undefined;
  readonly signature: Uint8Array;
}

/** Hashes of the parts of a file, in order, and who signed them. */
export interface SignedHashes {
  readonly hashes: readonly Uint8Array[];
  readonly signatures: readonly HashSignature[];
}

/**
 * Reads the content of a section `signature`, or of a detached signature: the tool-conventions' `Signatures.md`, with the lengths that
 * wasmsign2 writes in front of each set and each signature. There is one way to write each content, so no byte of it can be changed
 * without changing what it says.
 *
 * @throws MalformedError for anything else.
 */
export function decodeSignatures(bytes: Uint8Array): readonly SignedHashes[] {
  const reader = new ByteReader(bytes);
  if (bytes.length > MAX_SIGNATURE_BYTES) reader.fail(`it has more than ${MAX_SIGNATURE_BYTES} bytes`);
  for (const byte of HEAD) {
    if (reader.u8() !== byte)
      reader.fail("it is of a version, content type or hash function that is not known", reader.offset - 1);
  }
  const sets = items(reader, MAX_SETS, "sets of hashes", () => signedHashes(reader.sub(length(reader))));
  end(reader);
  return sets;
}

/** Writes what {@link decodeSignatures} reads. */
export function encodeSignatures(sets: readonly SignedHashes[]): Uint8Array {
  return Uint8Array.from([...HEAD, ...list(sets.map((set) => sized(encodedSet(set))))]);
}

/** What is signed for a list of hashes. */
export function signedMessage(hashes: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([Buffer.from("wasmsig"), Uint8Array.from(HEAD), ...hashes]);
}

/** Unsigned LEB128. */
export function leb128(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb128(value >>> 7)];
}

function signedHashes(reader: ByteReader): SignedHashes {
  const hashes = items(reader, MAX_HASHES, "hashes", () => reader.bytes(HASH_BYTES));
  const signatures = items(reader, MAX_SIGNATURES, "signatures", () => hashSignature(reader.sub(length(reader))));
  end(reader);
  return { hashes, signatures };
}

function hashSignature(reader: ByteReader): HashSignature {
  const keyId = reader.bytes(length(reader));
  if (keyId.length !== 0 && keyId.length !== KEY_ID_BYTES) reader.fail(`a key id has ${KEY_ID_BYTES} bytes`);
  if (reader.u8() !== ED25519) reader.fail("the algorithm of a signature is not Ed25519", reader.offset - 1);
  const signature = reader.bytes(length(reader));
  if (signature.length !== SIGNATURE_BYTES) reader.fail(`a signature has ${SIGNATURE_BYTES} bytes`);
  end(reader);
  return { keyId: keyId.length === 0 ? undefined : keyId, signature };
}

function items<T>(reader: ByteReader, most: number, what: string, read: () => T): readonly T[] {
  const at = reader.offset;
  const count = length(reader);
  if (count > most) reader.fail(`there are ${count} ${what} where ${most} are allowed`, at);
  return Array.from({ length: count }, read);
}

/** A number in its shortest form. */
function length(reader: ByteReader): number {
  const at = reader.offset;
  const value = reader.u32();
  if (reader.offset - at !== leb128(value).length) reader.fail("a number is longer than it has to be", at);
  return value;
}

function end(reader: ByteReader): void {
  if (reader.remaining > 0) reader.fail("there are bytes where nothing is expected");
}

function encodedSet({ hashes, signatures }: SignedHashes): readonly number[] {
  return [
    ...list(hashes.map((hash) => [...hash])),
    ...list(
      signatures.map(({ keyId, signature }) =>
        sized([...sized([...(keyId ?? [])]), ED25519, ...sized([...signature])]),
      ),
    ),
  ];
}

function list(encoded: readonly (readonly number[])[]): readonly number[] {
  return [...leb128(encoded.length), ...encoded.flat()];
}

function sized(bytes: readonly number[]): readonly number[] {
  return [...leb128(bytes.length), ...bytes];
}
