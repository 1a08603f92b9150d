import assert from "node:assert/strict";
import { chmod, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { failsWith } from "../../test/support/errors.ts";
import { temporaryFolder } from "../../test/support/guests.ts";
import { signedFile, testKey } from "../../test/support/signed-files.ts";
import { readKeyPair, readPublicKey, writeKeyPair } from "./key-files.ts";

const none = (): Promise<undefined> => Promise.resolve(undefined);
const given = (passphrase: Uint8Array) => (): Promise<Uint8Array> => Promise.resolve(passphrase);

const PASSPHRASE = Buffer.from("correct horse battery staple");

test("key files are those of wasmsign2, and only their user may read the secret one", async (context) => {
  const path = join(await temporaryFolder(context), "key");
  const pair = await writeKeyPair(path, undefined);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  const [secret, shared] = [await readFile(path), await readFile(`${path}.pub`)];
  assert.deepEqual([secret[0], secret.length, shared[0], shared.length], [0x81, 65, 0x01, 33]);
  assert.deepEqual(secret.subarray(33), shared.subarray(1));
  assert.deepEqual(new Uint8Array((await readKeyPair(path, none)).seed), new Uint8Array(pair.seed));
  assert.deepEqual(readPublicKey(`${path}.pub`), new Uint8Array(pair.publicKey));
  await failsWith("usage", /it is there already/, writeKeyPair(path, undefined));
  assert.deepEqual(await readFile(path), secret);
  await chmod(path, 0o640);
  await failsWith("usage", /other users may read it; run chmod 600 on it/, readKeyPair(path, none));
});

test("keys of wasmsign2 are read, and each half in the place of the other is told", async (context) => {
  const path = join(await temporaryFolder(context), "key");
  const put = (bytes: Uint8Array): Promise<void> => writeFile(path, bytes, { mode: 0o600 });
  await put(signedFile("key-a.sec"));
  assert.deepEqual(new Uint8Array((await readKeyPair(path, none)).publicKey), testKey("a"));
  await failsWith("usage", /it is a secret key; name the file that ends in .pub/, () => readPublicKey(path));
  await put(signedFile("key-a.pub"));
  await failsWith("usage", /it is a public key; name the file without .pub/, readKeyPair(path, none));
  const mixed = Buffer.concat([signedFile("key-a.sec").subarray(0, 33), testKey("b")]);
  await put(mixed);
  await failsWith("usage", /its two halves are not of one key/, readKeyPair(path, none));
  await put(Buffer.from("nonsense"));
  await failsWith("usage", /no key file of cordon keygen or wasmsign2/, readKeyPair(path, none));
});

test("under a passphrase the key is encrypted, and opens with that one alone", async (context) => {
  const path = join(await temporaryFolder(context), "key");
  const { seed } = await writeKeyPair(path, PASSPHRASE);
  const text = await readFile(path, "utf8");
  const document = JSON.parse(text) as { readonly kdf: unknown; readonly cipher: unknown; readonly sealed: string };
  assert.deepEqual(document.kdf, { name: "scrypt", N: 131_072, r: 8, p: 1 });
  assert.equal(document.cipher, "aes-256-gcm");
  for (const form of ["hex", "base64"] as const)
    assert.ok(!text.includes(Buffer.from(seed).toString(form).slice(0, 20)));
  assert.deepEqual(new Uint8Array((await readKeyPair(path, given(PASSPHRASE))).seed), new Uint8Array(seed));
  await failsWith("usage", /it is under a passphrase; give it with --passphrase-file/, readKeyPair(path, none));
  const sealed = Buffer.from(document.sealed, "base64");
  sealed[3] = (sealed[3] ?? 0) ^ 1;
  await writeFile(path, JSON.stringify({ ...document, sealed: sealed.toString("base64") }), { mode: 0o600 });
  await failsWith(
    "usage",
    /the passphrase is not its own, or the file is damaged/,
    readKeyPair(path, given(PASSPHRASE)),
  );
  // A file that asks for gigabytes, or for next to no work, is not obeyed.
  for (const N of [2 ** 30, 2]) {
    await writeFile(path, JSON.stringify({ ...document, kdf: { name: "scrypt", N, r: 8, p: 1 } }), { mode: 0o600 });
    await failsWith("usage", /it is no key file of cordon keygen/, readKeyPair(path, given(PASSPHRASE)));
  }
  await failsWith("usage", /it has from 1 to 1024 bytes/, writeKeyPair(`${path}2`, new Uint8Array()));
});

test("keys in PEM and DER are written and read, those of others too", async (context) => {
  const folder = await temporaryFolder(context);
  const { createPrivateKey, createPublicKey, generateKeyPairSync } = await import("node:crypto");
  for (const format of ["pem", "der"] as const) {
    const path = join(folder, format);
    const pair = await writeKeyPair(path, undefined, format);
    assert.deepEqual(new Uint8Array((await readKeyPair(path, none)).seed), new Uint8Array(pair.seed));
    assert.deepEqual(readPublicKey(`${path}.pub`), new Uint8Array(pair.publicKey));
    await failsWith("usage", /it is a secret key; name the file that ends in .pub/, () => readPublicKey(path));
    await failsWith("usage", /it is a public key; name the file without .pub/, async () => {
      await chmod(`${path}.pub`, 0o600);
      await readKeyPair(`${path}.pub`, none);
    });
    // OpenSSL reads what was written, and what it writes is read.
    const secret = createPrivateKey({ key: await readFile(path), format, type: "pkcs8" });
    const shared = createPublicKey({ key: await readFile(`${path}.pub`), format, type: "spki" });
    assert.equal(createPublicKey(secret).equals(shared), true);
    const other = generateKeyPairSync("ed25519");
    const [theirs, public_] = [join(folder, `${format}2`), join(folder, `${format}2.pub`)];
    await writeFile(theirs, other.privateKey.export({ format, type: "pkcs8" } as { format: "der"; type: "pkcs8" }), {
      mode: 0o600,
    });
    await writeFile(public_, other.publicKey.export({ format, type: "spki" } as { format: "der"; type: "spki" }));
    assert.deepEqual(new Uint8Array((await readKeyPair(theirs, none)).publicKey), readPublicKey(public_));
  }
});

test("PEM and DER of anything else is refused, with what it is", async (context) => {
  const path = join(await temporaryFolder(context), "key");
  const { generateKeyPairSync } = await import("node:crypto");
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const pem = privateKey.export({ format: "pem", type: "pkcs8" });
  const der = privateKey.export({ format: "der", type: "pkcs8" });
  const wrong: readonly (readonly [string | Uint8Array, RegExp])[] = [
    [
      privateKey.export({ format: "pem", type: "pkcs8", cipher: "aes-256-cbc", passphrase: "x" }),
      /keys under a passphrase are those of cordon keygen/,
    ],
    [generateKeyPairSync("x25519").privateKey.export({ format: "pem", type: "pkcs8" }), /a key is Ed25519/],
    [pem.replace("PRIVATE", "EC PRIVATE"), /a key is Ed25519/],
    [`${pem}${pem}`, /a key is Ed25519/],
    [pem.replace("-----END PRIVATE KEY-----", "-----END PUBLIC KEY-----"), /a key is Ed25519/],
    [Buffer.concat([der, Buffer.of(0)]), /DER of another kind of key/],
    [der.subarray(0, 47), /DER of another kind of key/],
    [publicKey.export({ format: "pem", type: "spki" }).replace("MCow", "MCox"), /a key is Ed25519/],
  ];
  for (const [bytes, message] of wrong) {
    await writeFile(path, bytes, { mode: 0o600 });
    await failsWith("usage", message, readKeyPair(path, none));
    await failsWith("usage", message, () => readPublicKey(path));
  }
  // A pair whose halves are not of one key.
  const pair = Buffer.from(`3051020101300506032b657004220420${"11".repeat(32)}812100${"22".repeat(32)}`, "hex");
  await writeFile(path, pair, { mode: 0o600 });
  await failsWith("usage", /its two halves are not of one key/, readKeyPair(path, none));
});
