import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { identityFrom, makeOwnIdentity } from "../../src/secrets/identity.ts";
import { SecretStore } from "../../src/secrets/secret-store.ts";
import { readKeyPair, readPublicKey, writeKeyPair } from "../../src/signing/key-files.ts";
import { signModule } from "../../src/signing/sign-module.ts";
import { verifyModule } from "../../src/signing/verify-module.ts";
import { temporaryFolder } from "../support/guests.ts";
import { needing } from "../support/needs.ts";
import { signedFile, signedPath } from "../support/signed-files.ts";

/** What is written here is read by the tools whose formats they are, and the other way round. */

const run = promisify(execFile);
const none = (): Promise<undefined> => Promise.resolve(undefined);

test(
  "wasmsign2 verifies what is signed here, and what it signs is verified here",
  needing(["wasmsign2"], async (context) => {
    const folder = await temporaryFolder(context);
    const at = (name: string): string => join(folder, name);
    const own = await writeKeyPair(at("own"), undefined);
    await run("wasmsign2", ["keygen", "-k", at("theirs"), "-K", at("theirs.pub")]);
    await chmod(at("theirs"), 0o600);
    const theirs = await readKeyPair(at("theirs"), none);
    for (const name of ["add.wasm", "core.wasm", "two-part.wasm", "two-part.split.wasm"]) {
      const file = signedFile(name);
      const signed = await signModule(file, own, name);
      await writeFile(at("signed.wasm"), signed.bytes);
      await run("wasmsign2", ["verify", "-i", at("signed.wasm"), "-K", at("own.pub")]);
      await assert.rejects(run("wasmsign2", ["verify", "-i", at("signed.wasm"), "-K", at("theirs.pub")]));
      await writeFile(at("signature"), signed.signature);
      await run("wasmsign2", ["verify", "-i", signedPath(name), "-K", at("own.pub"), "-S", at("signature")]);

      const words = [
        "sign",
        "-i",
        at("signed.wasm"),
        "-o",
        at("both.wasm"),
        "-k",
        at("theirs"),
        "-K",
        at("theirs.pub"),
      ];
      await run("wasmsign2", words);
      const keys = [own.publicKey, readPublicKey(at("theirs.pub"))];
      assert.deepEqual(await verifyModule(await readFile(at("both.wasm")), { what: name, keys }), keys);
      const again = await signModule(await readFile(at("both.wasm")), theirs, name);
      await writeFile(at("again.wasm"), again.bytes);
      for (const key of ["own.pub", "theirs.pub"])
        await run("wasmsign2", ["verify", "-i", at("again.wasm"), "-K", at(key)]);
    }
  }),
);

test(
  "age reads the secrets that are kept here",
  needing(["age"], async (context) => {
    const directory = await temporaryFolder(context);
    const identity = await makeOwnIdentity(directory);
    const name = { component: "tool", key: "token" };
    await new SecretStore(directory).set(name, "a value", () => identityFrom({ directory }));
    const { stdout } = await run("age", ["--decrypt", "--identity", identity, join(directory, "tool/token.age")]);
    assert.deepEqual(JSON.parse(stdout), { version: 1, ...name, value: "a value" });
  }),
);
