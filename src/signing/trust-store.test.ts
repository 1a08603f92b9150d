import assert from "node:assert/strict";
import { chmod, mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { failsWith } from "../../test/support/errors.ts";
import { temporaryFolder } from "../../test/support/guests.ts";
import { makeKeyPair } from "./ed25519.ts";
import { TrustStore } from "./trust-store.ts";
import type { TrustedKey } from "./trusted-key.ts";

function key(name: string, more: Partial<TrustedKey> = {}): TrustedKey {
  const publicKey = new Uint8Array(makeKeyPair().publicKey);
  return { name, publicKey, level: "community", from: undefined, until: undefined, revoked: undefined, ...more };
}

test("keys are kept as they were given, by name, in files that nobody else can write", async (context) => {
  const folder = join(await temporaryFolder(context), "trust");
  const store = new TrustStore(folder);
  assert.deepEqual(store.list(), []);
  const [a, b] = [key("a", { from: 0, until: 1_000_000 }), key("b.official", { level: "official" })];
  store.add(b);
  store.add(a);
  assert.deepEqual(new TrustStore(folder).list(), [a, b]);
  assert.equal((await stat(folder)).mode & 0o777, 0o700);
  assert.equal((await stat(join(folder, "a.json"))).mode & 0o777, 0o600);
  store.remove("a");
  assert.deepEqual(store.list(), [b]);
  await failsWith("usage", /none of that name is trusted; did you mean b.official\?/, () => store.remove("b.oficial"));
});

test("a key has one name, a name one key, and what is revoked stays so", async (context) => {
  const store = new TrustStore(await temporaryFolder(context));
  const a = key("a");
  store.add(a);
  await failsWith("usage", /a key of that name is there already/, () => store.add(key("a")));
  await failsWith("usage", /the same key, as "a", is there already/, () => store.add({ ...a, name: "b" }));
  assert.deepEqual(store.revoke("a", "stolen", 5).revoked, { at: 5, reason: "stolen" });
  assert.deepEqual(store.revoke("a", "again", 9).revoked, { at: 5, reason: "stolen" });
  await failsWith("usage", /it is revoked, and stays known/, () => store.remove("a"));
  await failsWith("usage", /the same key, as "a", is revoked/, () => store.add({ ...a, name: "b" }));
  for (const name of ["", "A", "../a", "any", "none", ".a", "a/b", "a".repeat(65)]) {
    await failsWith("usage", /as the name of a key/, () => store.add(key(name)));
  }
});

test("a store in which anything is wrong trusts nothing", async (context) => {
  const folder = await temporaryFolder(context);
  const fresh = async (
    name: string,
  ): Promise<{ readonly store: TrustStore; readonly folder: string; readonly file: string }> => {
    const own = join(folder, name);
    const store = new TrustStore(own);
    store.add(key("good"));
    store.add(key("a"));
    return { store, folder: own, file: join(own, "a.json") };
  };
  const edits: readonly (readonly [RegExp, (document: Record<string, unknown>) => unknown])[] = [
    [/it is of another version/, (document) => ({ ...document, version: 2 })],
    [/a member "revokd", which is not known/, (document) => ({ ...document, revokd: { at: "2027-01-01" } })],
    [/revoked is no object/, (document) => ({ ...document, revoked: true })],
    [/revoked.at is no text/, (document) => ({ ...document, revoked: {} })],
    [/it is of a key with another name/, (document) => ({ ...document, name: "b" })],
    [/publicKey is no base64/, (document) => ({ ...document, publicKey: `${String(document["publicKey"])}\n` })],
    [/it has no 32 bytes/, (document) => ({ ...document, publicKey: "" })],
    [/Cannot use the level "root"/, (document) => ({ ...document, level: "root" })],
    [/Cannot read the date/, (document) => ({ ...document, until: "soon" })],
    [/it is no object/, () => []],
  ];
  for (const [index, [message, edit]] of edits.entries()) {
    const { store, file } = await fresh(`edit-${index}`);
    const document = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
    await writeFile(file, JSON.stringify(edit(document)));
    await failsWith("signature", message, () => store.list());
  }
  const half = await fresh("half");
  await writeFile(half.file, (await readFile(half.file)).subarray(0, 20));
  await failsWith("signature", /Cannot rely on the trusted key in/, () => half.store.list());
  const open = await fresh("open");
  await chmod(open.file, 0o666);
  await failsWith("signature", /other users may write it/, () => open.store.list());
  const linked = await fresh("linked");
  await symlink(linked.file, join(linked.folder, "c.json"));
  await failsWith("signature", /it is a link/, () => linked.store.list());
  const shared = await fresh("shared");
  await chmod(shared.folder, 0o777);
  await failsWith("signature", /can be written to by other users/, () => shared.store.list());
  // A key under two names would be counted twice, and one of them could be revoked without the other.
  const copied = await fresh("copied");
  const copy = { ...(JSON.parse(await readFile(copied.file, "utf8")) as object), name: "c" };
  await writeFile(join(copied.folder, "c.json"), JSON.stringify(copy), { mode: 0o600 });
  await failsWith("signature", /"a" and "c" are the same key/, () => copied.store.list());
  const large = await fresh("large");
  await writeFile(large.file, " ".repeat(20_000));
  await failsWith("signature", /more than 16384 bytes/, () => large.store.list());
  await mkdir(join(folder, "folder/b.json"), { recursive: true });
  await failsWith("signature", /no regular file|it is a folder/, () => new TrustStore(join(folder, "folder")).list());
});
