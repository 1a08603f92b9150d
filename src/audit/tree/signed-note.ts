import type * as Crypto from "node:crypto";
import { nodeCrypto } from "../../shared/node-modules.ts";

/** The algorithm byte of Ed25519 in a key. */
const ED25519 = 0x01;
const KEY_BYTES = 32;
const ID_BYTES = 4;
const SIGNATURE_BYTES = 64;

const SIGNATURE_LINE = /^— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/u;

/** DER in front of the 32 bytes of a private and of a public key of Ed25519: PKCS 8 and SPKI, RFC 8410. */
const PRIVATE_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");
const PUBLIC_HEAD = Buffer.from("302a300506032b6570032100", "hex");

/** A key that checks signatures of notes. */
export interface NoteVerifier {
  /** Without white space and `+`. */
  readonly name: string;
  /** 32 bytes of Ed25519. */
  readonly publicKey: Uint8Array;
}

/** A key that signs notes. */
export interface NoteSigner extends NoteVerifier {
  /** 32 bytes that the secret key is made of. */
  readonly seed: Uint8Array;
}

/** The signer of a seed. */
export function noteSigner(name: string, seed: Uint8Array): NoteSigner {
  const { x = "" } = nodeCrypto().createPublicKey(privateKey(seed)).export({ format: "jwk" });
  return { name, seed, publicKey: Buffer.from(x, "base64url") };
}

/** Signs a text that ends with a line feed: a note in the form of C2SP `signed-note`, with one signature. */
export function signNote(text: string, signer: NoteSigner): string {
  const signature = nodeCrypto().sign(null, Buffer.from(text), privateKey(signer.seed));
  return `${text}\n— ${signer.name} ${Buffer.concat([keyIdOf(signer), signature]).toString("base64")}\n`;
}

/**
 * The text of a note, if the key signed it. Signatures of other keys are passed over, as C2SP `signed-note` says.
 *
 * @returns `undefined` for what is no note, or has no valid signature of the key.
 */
export function openNote(note: string, verifier: NoteVerifier): string | undefined {
  const end = note.lastIndexOf("\n\n");
  if (end === -1 || !note.endsWith("\n")) return undefined;
  const text = note.slice(0, end + 1);
  const id = keyIdOf(verifier);
  let signed = false;
  for (const line of note.slice(end + 2, -1).split("\n")) {
    const [, name, base64 = ""] = SIGNATURE_LINE.exec(line) ?? [];
    if (name === undefined) return undefined;
    const bytes = Buffer.from(base64, "base64");
    if (name !== verifier.name || !bytes.subarray(0, ID_BYTES).equals(id)) continue;
    const signature = bytes.subarray(ID_BYTES);
    if (signature.length !== SIGNATURE_BYTES || !holds(text, signature, verifier)) return undefined;
    signed = true;
  }
  return signed ? text : undefined;
}

/** A key as one line, the form of C2SP `signed-note` for keys that verify: `name+id+key`. */
export function verifierLine(verifier: NoteVerifier): string {
  const key = Buffer.concat([Uint8Array.of(ED25519), verifier.publicKey]).toString("base64");
  return `${verifier.name}+${keyIdOf(verifier).toString("hex")}+${key}`;
}

/**
 * Reads a key from its line. The base64 at the end may hold a `+` itself.
 *
 * @returns `undefined` for what is no key of Ed25519, or whose id is of another.
 */
export function readVerifierLine(line: string): NoteVerifier | undefined {
  const [, name, id, base64 = ""] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/u.exec(line) ?? [];
  if (name === undefined) return undefined;
  const bytes = Buffer.from(base64, "base64");
  if (bytes[0] !== ED25519 || bytes.length !== 1 + KEY_BYTES) return undefined;
  const verifier = { name, publicKey: bytes.subarray(1) };
  return keyIdOf(verifier).toString("hex") === id ? verifier : undefined;
}

function keyIdOf({ name, publicKey }: NoteVerifier): Buffer {
  const named = Buffer.concat([Buffer.from(`${name}\n`), Uint8Array.of(ED25519), publicKey]);
  return nodeCrypto().hash("sha256", named, "buffer").subarray(0, ID_BYTES);
}

function holds(text: string, signature: Uint8Array, { publicKey }: NoteVerifier): boolean {
  try {
    const key = nodeCrypto().createPublicKey({
      key: Buffer.concat([PUBLIC_HEAD, publicKey]),
      format: "der",
      type: "spki",
    });
    return nodeCrypto().verify(null, Buffer.from(text), key, signature);
  } catch {
    return false;
  }
}

function privateKey(seed: Uint8Array): Crypto.KeyObject {
  return nodeCrypto().createPrivateKey({ key: Buffer.concat([PRIVATE_HEAD, seed]), format: "der", type: "pkcs8" });
}
