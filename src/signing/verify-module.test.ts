import assert from "node:assert/strict";
import { test } from "node:test";
import { failsWith } from "../../test/support/errors.ts";
import { signedFile, testKey, testPair } from "../../test/support/signed-files.ts";
import { keyIdOf, makeKeyPair, type PublicKey } from "./ed25519.ts";
import { signModule } from "./sign-module.ts";
import { verifyModule } from "./verify-module.ts";

const KEYS = { a: testKey("a"), b: testKey("b"), c: testKey("c") };

async function signersOf(
  bytes: Uint8Array,
  keys: readonly PublicKey[] = Object.values(KEYS),
  detached?: Uint8Array,
): Promise<string> {
  const found = await verifyModule(bytes, { what: "it", keys, detached });
  return found.map((key) => Object.entries(KEYS).find(([, one]) => one === key)?.[0] ?? "?").join("");
}

test("what wasmsign2 signed was signed by whom it says", async () => {
  const rows: Readonly<Record<string, string>> = {
    "add.signed-a.wasm": "a",
    "add.signed-ab.wasm": "ab",
    "add.split-signed-a.wasm": "a",
    "core.signed-a.wasm": "a",
    "two-part.split-signed-a.wasm": "a",
  };
  for (const [name, signers] of Object.entries(rows)) assert.equal(await signersOf(signedFile(name)), signers, name);
  assert.equal(await signersOf(signedFile("add.wasm"), undefined, signedFile("add.detached-a.sig")), "a");
});

test("keys that are not known sign nothing, and make nothing wrong", async () => {
  assert.equal(await signersOf(signedFile("add.signed-a.wasm"), [KEYS.b, KEYS.c]), "");
  assert.equal(await signersOf(signedFile("add.signed-ab.wasm"), [KEYS.b]), "b");
});

test("each bad file is refused for its own reason", async () => {
  const rows: Readonly<Record<string, RegExp>> = {
    "bad.appended-section.wasm": /: it is not what was signed$/,
    "bad.signature-last.wasm": /: its signature is not its first section$/,
    "bad.signature-of-another.wasm": /: it is not what was signed$/,
    "bad.tampered-byte.wasm": /: it is not what was signed$/,
    "bad.truncated-at-delimiter.wasm": /: it has 1 part, and 3 were signed$/,
    "bad.two-signature-sections.wasm": /: it has two signature sections$/,
    "add.wasm": /: it is not signed$/,
    "two-part.split.wasm": /: it is not signed$/,
  };
  for (const [name, reason] of Object.entries(rows)) await failsWith("signature", reason, signersOf(signedFile(name)));
});

test("what is signed here is byte for byte what wasmsign2 makes of it", async () => {
  const [a, b] = [testPair("a"), testPair("b")];
  const once = await signModule(signedFile("add.wasm"), a, "it");
  assert.deepEqual(new Uint8Array(once.bytes), signedFile("add.signed-a.wasm"));
  assert.deepEqual(new Uint8Array(once.signature), signedFile("add.detached-a.sig"));
  assert.deepEqual(new Uint8Array((await signModule(once.bytes, b, "it")).bytes), signedFile("add.signed-ab.wasm"));
  const parts = await signModule(signedFile("two-part.split.wasm"), a, "it");
  assert.deepEqual(new Uint8Array(parts.bytes), signedFile("two-part.split-signed-a.wasm"));
});

test("signing again with the same key changes nothing; what was changed since is not signed again", async () => {
  const [a, b] = [testPair("a"), testPair("b")];
  const signed = signedFile("add.signed-a.wasm");
  assert.deepEqual(new Uint8Array((await signModule(signed, a, "it")).bytes), signed);
  await failsWith(
    "signature",
    /not what its earlier signature signed/,
    signModule(signedFile("bad.tampered-byte.wasm"), b, "it"),
  );
  await failsWith(
    "signature",
    /two signature sections/,
    signModule(signedFile("bad.two-signature-sections.wasm"), b, "it"),
  );
});

test("a key id is the one that wasmsign2 gives", () => {
  assert.equal(Buffer.from(keyIdOf(KEYS.a)).toString("hex"), "ac3c1cceeb0f2eee520bccd3");
  assert.equal(keyIdOf(makeKeyPair().publicKey).length, 12);
});
