import assert from "node:assert/strict";
import { copyFile, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { failsWith } from "../../test/support/errors.ts";
import { temporaryFolder } from "../../test/support/guests.ts";
import { newIdentity } from "./age.ts";
import { SecretStore } from "./secret-store.ts";
import { nameStoredAs, storedName } from "./stored-name.ts";

const VALUE = "a value that nobody else may read";

test("a secret is kept encrypted, for one component and name, and comes back with its identity alone", async (context) => {
  const folder = await temporaryFolder(context);
  const [own, other] = [await newIdentity(), await newIdentity()];
  const store = new SecretStore(folder);
  const [tool, tools] = [
    { component: "tool", key: "TOKEN" },
    { component: "tools", key: "TOKEN" },
  ];
  await store.set(tool, VALUE, () => Promise.resolve(own));
  assert.equal(await store.get(tool, () => Promise.resolve(own)), VALUE);
  await failsWith(
    "usage",
    /it is for another identity, or damaged$/,
    store.get(tool, () => Promise.resolve(other)),
  );
  await failsWith(
    "usage",
    /there is none of that name/,
    store.get(tools, () => Promise.resolve(own)),
  );
  await failsWith(
    "usage",
    /did you mean TOKEN\?/,
    store.get({ ...tool, key: "TOKNE" }, () => Promise.resolve(own)),
  );
  const [file = ""] = await readdir(join(folder, "tool"));
  const bytes = await readFile(join(folder, "tool", file));
  assert.ok(bytes.toString("latin1").startsWith("age-encryption.org/v1\n"));
  assert.ok(!bytes.includes(VALUE));
  assert.equal((await stat(join(folder, "tool", file))).mode & 0o777, 0o600);
  // A file that was moved is not taken for another's: it says whose it is.
  await mkdir(join(folder, "tools"), { recursive: true, mode: 0o700 });
  await copyFile(join(folder, "tool", file), join(folder, "tools", file));
  await failsWith(
    "usage",
    /damaged, or another's/,
    store.get(tools, () => Promise.resolve(own)),
  );
  await writeFile(join(folder, "tool", file), bytes.subarray(0, bytes.length - 1));
  await failsWith(
    "usage",
    /it is for another identity, or damaged$/,
    store.get(tool, () => Promise.resolve(own)),
  );
  store.delete(tool);
  assert.deepEqual(store.list(), [{ ...tools, plain: false }]);
  await failsWith("usage", /there is none of that name/, () => store.delete(tool));
});

test("a secret is kept as it is only where that is asked for, and once", async (context) => {
  const store = new SecretStore(await temporaryFolder(context));
  const identity = await newIdentity();
  const name = { component: "Tool.x", key: "A.b" };
  await store.set(name, VALUE, "plain");
  assert.deepEqual(store.list(), [{ ...name, plain: true }]);
  assert.equal(await store.get(name, () => assert.fail("no identity is needed")), VALUE);
  await store.set(name, "another", () => Promise.resolve(identity));
  assert.deepEqual(store.list(), [{ ...name, plain: false }]);
  assert.equal(await store.get(name, () => Promise.resolve(identity)), "another");
});

test("names that none can have, and values that are none, are refused", async (context) => {
  const store = new SecretStore(await temporaryFolder(context));
  const set = (component: string, key: string, value: string = VALUE): Promise<void> =>
    store.set({ component, key }, value, "plain");
  for (const key of ["", "1a", "a/b", "../a", "ä", "a".repeat(65)])
    await failsWith("usage", /as the name of a secret/, set("c", key));
  for (const component of ["", "a\0", "ä".repeat(41), "\ud800"]) {
    await failsWith("usage", /Cannot keep secrets for the component/, set(component, "K"));
  }
  for (const value of ["", "x".repeat(70_000), "\ud800"]) {
    const thrown = await failsWith("usage", /its value is text of 1 to 65536 bytes/, set("c", "K", value));
    assert.ok(thrown.message.length < 200);
  }
  assert.deepEqual(store.list(), []);
});

test("no two names are one file, wherever letter case counts for nothing", () => {
  const name = fc.oneof(fc.string({ unit: "grapheme" }), fc.stringMatching(/^[A-Za-z0-9_./+%-]{1,20}$/u));
  fc.assert(
    fc.property(name, name, (one, other) => {
      const file = storedName(one);
      assert.match(file, /^[a-z0-9_+%-]*$/u);
      assert.equal(nameStoredAs(file), one.toWellFormed());
      assert.equal(file === storedName(other), one === other);
    }),
    { numRuns: 2_000 },
  );
});
