import assert from "node:assert/strict";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { keyPairFrom, makeKeyPair, publicKeyFrom, signMessage, type PublicKey } from "../../src/signing/ed25519.ts";
import { moduleHashes } from "../../src/signing/module-hashes.ts";
import {
  decodeSignatures,
  encodeSignatures,
  type HashSignature,
  signedMessage,
} from "../../src/signing/signature-data.ts";
import { signModule } from "../../src/signing/sign-module.ts";
import { verifyModule } from "../../src/signing/verify-module.ts";
import { wasmParts } from "../../src/signing/wasm-parts.ts";
import { cordon } from "../support/cli.ts";
import { failsWith } from "../support/errors.ts";
import { temporaryFolder } from "../support/guests.ts";
import { signedFile, signedPath, testKey, testPair } from "../support/signed-files.ts";

/**
 * What may be done to a signed file, and to a signature, to have something else run under it. Each case was seen to fail once with the
 * weakening that its comment names.
 */

const KEY = testKey("a");

/** Files of one part and of several, components and a core module, with their signature inside. */
const FILES = ["add.signed-a.wasm", "add.split-signed-a.wasm", "two-part.split-signed-a.wasm", "core.signed-a.wasm"];

/** Whether the key still signed it. */
async function isSigned(
  bytes: Uint8Array,
  keys: readonly PublicKey[] = [KEY],
  detached?: Uint8Array,
): Promise<boolean> {
  try {
    return (await verifyModule(bytes, { what: "it", keys, detached })).length > 0;
  } catch (thrown) {
    assert.equal((thrown as { code?: string }).code, "signature", String(thrown));
    return false;
  }
}

interface Section {
  readonly start: number;
  readonly end: number;
}

function sectionsOf(bytes: Uint8Array): readonly Section[] {
  const sections: Section[] = [];
  for (let at = 8; at < bytes.length;) {
    let [size, shift, next] = [0, 0, at + 1];
    for (let byte = 0x80; byte >= 0x80; next += 1, shift += 7) {
      byte = bytes[next] ?? 0;
      size |= (byte & 0x7f) << shift;
    }
    sections.push({ start: at, end: next + size });
    at = next + size;
  }
  return sections;
}

// Weakening: the order of a module's sections and the headers of nested ones are not looked at.
test("the first eight bytes, which are not signed, are those that the rest goes with", async () => {
  const [component, core] = [signedFile("add.wasm"), signedFile("core.wasm")].map((bytes) => bytes.subarray(0, 8));
  assert.ok(component !== undefined && core !== undefined);
  for (const name of FILES) {
    const bytes = signedFile(name);
    const other = name.startsWith("core") ? component : core;
    const changed = Buffer.concat([other, bytes.subarray(8)]);
    const verifying = verifyModule(changed, { what: "it", keys: [KEY] });
    await failsWith("signature", /its header, which is not signed, does not go with its sections/, verifying);
  }
});

// Weakening: numbers of the signature may be written longer than they are; a key id is not compared.
test("no byte of a signed file can be another", async () => {
  for (const name of FILES) {
    const bytes = signedFile(name);
    assert.ok(await isSigned(bytes), name);
    for (let at = 0; at < bytes.length; at += 1) {
      for (const change of [0x01, 0x80]) {
        const changed = new Uint8Array(bytes);
        changed[at] = (changed[at] ?? 0) ^ change;
        assert.ok(!(await isSigned(changed)), `${name}: byte ${at} ^ ${change}`);
      }
    }
  }
});

test("no change at all to a signed file leaves it signed", async () => {
  const file = fc.constantFrom(...FILES).map(signedFile);
  const edit = fc.record({ at: fc.nat(600), cut: fc.nat(40), put: fc.uint8Array({ maxLength: 40 }) });
  await fc.assert(
    fc.asyncProperty(file, fc.array(edit, { minLength: 1, maxLength: 3 }), async (bytes, edits) => {
      let changed = bytes;
      for (const { at, cut, put } of edits) {
        const from = Math.min(at, changed.length);
        changed = Buffer.concat([changed.subarray(0, from), put, changed.subarray(from + cut)]);
      }
      fc.pre(!Buffer.from(changed).equals(bytes));
      assert.ok(!(await isSigned(new Uint8Array(changed))));
    }),
    { numRuns: 3_000 },
  );
});

// Weakening: what is behind the last delimiter is no part; fewer parts than hashes are enough.
test("no cut, addition, copy or exchange of sections leaves it signed", async () => {
  const extra = Uint8Array.of(0x00, 0x07, 0x05, ...Buffer.from("extra"), 0x78);
  for (const name of FILES) {
    const bytes = signedFile(name);
    const sections = sectionsOf(bytes);
    const part = (section: Section | undefined): Uint8Array => bytes.subarray(section?.start ?? 0, section?.end ?? 0);
    const file = (parts: readonly Uint8Array[]): Uint8Array => Buffer.concat([bytes.subarray(0, 8), ...parts]);
    const parts = sections.map(part);
    const variants: Uint8Array[] = [];
    for (let length = 0; length < bytes.length; length += 1) variants.push(bytes.subarray(0, length));
    for (let at = 0; at <= parts.length; at += 1) {
      variants.push(file([...parts.slice(0, at), extra, ...parts.slice(at)]));
      variants.push(file(parts.toSpliced(at, 1)));
      for (let other = 0; other <= parts.length; other += 1) {
        variants.push(file(parts.toSpliced(at, 0, part(sections[other]))));
        variants.push(file(parts.toSpliced(at, 1).toSpliced(other, 0, part(sections[at]))));
      }
    }
    for (const variant of variants) {
      if (Buffer.from(variant).equals(bytes)) continue;
      assert.ok(!(await isSigned(variant)), `${name}: ${Buffer.from(variant).toString("hex")}`);
    }
  }
});

test("the signature of another file, inside or beside, signs nothing here", async () => {
  const [add, core] = [signedFile("add.wasm"), signedFile("core.wasm")];
  const detached = signedFile("add.detached-a.sig");
  assert.ok(await isSigned(add, [KEY], detached));
  assert.ok(!(await isSigned(core, [KEY], detached)));
  assert.ok(!(await isSigned(Buffer.concat([add, Uint8Array.of(0, 1, 0)]), [KEY], detached)));
  for (let at = 0; at < detached.length; at += 1) {
    const changed = new Uint8Array(detached);
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.ok(!(await isSigned(add, [KEY], changed)), `byte ${at}`);
    assert.ok(!(await isSigned(add, [KEY], detached.subarray(0, at))), `cut at ${at}`);
  }
  assert.ok(!(await isSigned(add, [KEY], Buffer.concat([detached, Uint8Array.of(0)]))));
  // A file that has one of its own says nothing of the other.
  await failsWith(
    "signature",
    /it has a signature of its own, and another was given/,
    verifyModule(signedFile("add.signed-a.wasm"), { what: "it", keys: [KEY], detached }),
  );
});

// Weakening: a signature is held against the hashes of its own set, and some of those are enough, as wasmsign2 has it.
test("hashes of several signed sets are not put together", async () => {
  const bytes = signedFile("two-part.split.wasm");
  const pair = testPair("a");
  const hashes = await moduleHashes(bytes, wasmParts(bytes, "it"));
  const signed = (
    some: readonly Uint8Array[],
  ): { hashes: readonly Uint8Array[]; signatures: readonly HashSignature[] } => ({
    hashes: some,
    signatures: [{ keyId: undefined, signature: signMessage(signedMessage(some), pair) }],
  });
  const partly = encodeSignatures([signed(hashes.slice(0, 1)), signed(hashes.slice(1))]);
  assert.ok(!(await isSigned(bytes, [KEY], partly)));
  assert.ok(!(await isSigned(bytes, [KEY], encodeSignatures([signed(hashes.toReversed())]))));
  assert.ok(!(await isSigned(bytes, [KEY], encodeSignatures([]))));
  // The hashes are right, and another set was signed.
  const [other] = signed(hashes.slice(0, 1)).signatures;
  assert.ok(other !== undefined);
  assert.ok(!(await isSigned(bytes, [KEY], encodeSignatures([{ hashes, signatures: [other] }]))));
  assert.ok(await isSigned(bytes, [KEY], encodeSignatures([signed(hashes.slice(0, 1)), signed(hashes)])));
});

// Weakening: signatures are counted and not keys.
test("a key that signs many times is one key", async () => {
  const bytes = signedFile("add.wasm");
  const hashes = await moduleHashes(bytes, wasmParts(bytes, "it"));
  const { signature } = decodeSignatures(signedFile("add.detached-a.sig"))[0]?.signatures[0] ?? {};
  assert.ok(signature !== undefined);
  const many = encodeSignatures([
    { hashes, signatures: Array.from({ length: 200 }, () => ({ keyId: undefined, signature })) },
  ]);
  assert.deepEqual(await verifyModule(bytes, { what: "it", keys: [testKey("b"), KEY], detached: many }), [KEY]);
});

test("what a signature holds is bounded before it is made anything of, and so is what is tried", async () => {
  const bytes = signedFile("add.wasm");
  const refuse = (why: RegExp, detached: Uint8Array, keys: readonly PublicKey[] = [KEY]): Promise<unknown> =>
    failsWith("signature", why, verifyModule(bytes, { what: "it", keys, detached }));
  const head = [1, 1, 1];
  const set = (content: readonly number[]): Uint8Array => Uint8Array.of(...head, 1, content.length, ...content);
  await refuse(/has more than 65536 bytes/, new Uint8Array(70_000));
  await refuse(/4294967295 sets of hashes where 64 are allowed/, Uint8Array.of(...head, 0xff, 0xff, 0xff, 0xff, 0x0f));
  await refuse(/65 sets of hashes where 64 are allowed/, Uint8Array.of(...head, 65));
  await refuse(/65 hashes where 64 are allowed/, set([65]));
  await refuse(/300 signatures where 256 are allowed/, set([0, 0xac, 0x02]));
  await refuse(/bytes are announced where/, Uint8Array.of(...head, 1, 0x7f));
  await refuse(/longer than it has to be/, Uint8Array.of(...head, 0x80, 0x00));
  await refuse(/version, content type or hash function/, Uint8Array.of(2, 1, 1, 0));
  await refuse(/there are bytes where nothing is expected/, Uint8Array.of(...head, 0, 0));
  await refuse(/algorithm of a signature is not Ed25519/, set([0, 1, 2, 0, 2]));
  const hashes = await moduleHashes(bytes, wasmParts(bytes, "it"));
  const idless = { keyId: undefined, signature: new Uint8Array(64) };
  const flood = encodeSignatures([{ hashes, signatures: Array.from({ length: 256 }, () => idless) }]);
  const keys = Array.from({ length: 20 }, () => makeKeyPair().publicKey);
  await refuse(/more signatures without a key id than can be tried/, flood, keys);
  const parts = Buffer.concat([
    bytes,
    ...Array.from({ length: 65 }, () => Buffer.from([0, 20, 19, ...Buffer.from("signature_delimiter")])),
  ]);
  await failsWith("signature", /more than 64 parts/, verifyModule(parts, { what: "it", keys: [KEY] }));
});

test("whatever stands where a signature is read, it is refused in an orderly manner", async () => {
  const bytes = signedFile("add.wasm");
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), async (noise, headed) => {
      const detached = headed ? Uint8Array.of(1, 1, 1, 1, ...noise) : noise;
      assert.ok(!(await isSigned(bytes, [KEY], detached)));
      assert.ok(!(await isSigned(Buffer.concat([bytes.subarray(0, 8), noise]))));
    }),
    { numRuns: 2_000 },
  );
});

// Weakening: SMALL_ORDER is empty.
test("no key is trusted in whose name anyone could sign", async () => {
  const identity = new Uint8Array(32);
  identity[0] = 1;
  await failsWith("usage", /anyone could sign in its name/, () => publicKeyFrom(identity));
  await failsWith("usage", /anyone could sign in its name/, () => publicKeyFrom(new Uint8Array(32)));
  await failsWith("usage", /no 32 bytes/, () => publicKeyFrom(new Uint8Array(31)));
  assert.equal(publicKeyFrom(keyPairFrom(new Uint8Array(32)).publicKey).length, 32);
});

test("a signature in the name of a known key that did not make it spoils the file", async () => {
  const signed = await signModule(signedFile("add.signed-a.wasm"), testPair("b"), "it");
  const broken = new Uint8Array(signed.bytes);
  const end = sectionsOf(broken)[0]?.end ?? 0;
  broken[end - 1] = (broken[end - 1] ?? 0) ^ 1;
  assert.ok(!(await isSigned(broken, [KEY, testKey("b")])));
  // To who does not know the second key, it is as if it were not there.
  assert.ok(await isSigned(broken, [KEY]));
});

// Weakening: the signature is not asked for before the component is made ready.
test("nothing of a file that is not signed as it has to be is run, or made ready", async (context) => {
  const folder = await temporaryFolder(context);
  const environment = { XDG_CONFIG_HOME: join(folder, "config"), XDG_CACHE_HOME: join(folder, "cache") };
  const trusted = await cordon(["trust", "add", "acme", signedPath("key-a.pub")], { environment });
  assert.equal(trusted.code, 0, trusted.stderr);
  const bad = (await readdir(signedPath("."))).filter((name) => name.startsWith("bad."));
  assert.equal(bad.length, 6);
  await writeFile(join(folder, "by-c.wasm"), (await signModule(signedFile("add.wasm"), testPair("c"), "it")).bytes);
  for (const file of [...bad.map(signedPath), signedPath("add.wasm"), join(folder, "by-c.wasm")]) {
    const { code, stdout, stderr } = await cordon(["run", "--require-signature", "any", file, "add", "1", "2"], {
      environment,
    });
    assert.deepEqual([code, stdout], [6, ""], file);
    assert.match(stderr, /^error: Cannot (?:trust|check the signature of) "/, file);
  }
  await assert.rejects(readdir(join(folder, "cache/cordon/artifacts")));
  const words = ["run", "--require-signature", "acme", signedPath("add.signed-a.wasm"), "add", "1", "2"];
  assert.deepEqual(await cordon(words, { environment }), { code: 0, stdout: "3\n", stderr: "" });
});
