import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type KeyPair, keyPairFrom, type PublicKey } from "../../src/signing/ed25519.ts";

const FOLDER = new URL("../fixtures/signed/", import.meta.url);

/** The path of a file that wasmsign2 wrote, or that was made of one; see the README beside them. */
export function signedPath(name: string): string {
  return fileURLToPath(new URL(name, FOLDER));
}

/** Its bytes. */
export function signedFile(name: string): Uint8Array {
  return new Uint8Array(readFileSync(signedPath(name)));
}

/** One of the test keys that wasmsign2 made. */
export function testKey(name: "a" | "b" | "c"): PublicKey {
  return signedFile(`key-${name}.pub`).subarray(1);
}

/** The same with its secret half. */
export function testPair(name: "a" | "b" | "c"): KeyPair {
  return keyPairFrom(signedFile(`key-${name}.sec`).subarray(1, 33));
}
