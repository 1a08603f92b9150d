import assert from "node:assert/strict";
import { chmodSync, readdirSync, statSync } from "node:fs";
import { mkdir, readFile, rename, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../test/support/guests.ts";
import { type Artifact, encodeArtifact } from "./artifact.ts";
import { ArtifactCache } from "./artifact-cache.ts";
import { needing } from "../../test/support/needs.ts";

const SIDE = { interfaces: [], functions: [], other: [] };
const DIGEST = "sha256:aa";

/** A key, as `artifactKey` makes them. */
const key = (digit: string): string => digit.repeat(64);
const KEY = key("0");

function artifact(size: number, digest: string = DIGEST): Artifact {
  return {
    digest,
    interface: { imports: SIDE, exports: SIDE },
    modules: [{ name: "m", bytes: new Uint8Array(size), memories: [] }],
    instantiations: [],
    tables: { count: 0, entries: 0 },
    heapBytes: 0,
    typeKeys: new Uint8Array(),
  };
}

test("what is put can be got, by that key and for that digest only", async (context) => {
  const cache = new ArtifactCache({ directory: join(await temporaryFolder(context), "cache") });
  assert.equal(await cache.get(KEY, DIGEST), undefined);
  assert.equal(await cache.put(KEY, encodeArtifact(artifact(10))), true);
  assert.equal((await cache.get(KEY, DIGEST))?.modules[0]?.bytes.length, 10);
  assert.equal(await cache.get(key("1"), DIGEST), undefined);
  assert.equal(await cache.get(KEY, "sha256:bb"), undefined);
});

test("a damaged entry is not used, and can be replaced", async (context) => {
  const directory = join(await temporaryFolder(context), "cache");
  const cache = new ArtifactCache({ directory });
  const encoded = encodeArtifact(artifact(1000));
  const path = join(directory, `${KEY}.artifact`);
  for (const damage of [encoded.subarray(0, 500), new Uint8Array(), Uint8Array.from(encoded).fill(7, 600, 601)]) {
    await cache.put(KEY, encoded);
    await writeFile(path, damage);
    assert.equal(await cache.get(KEY, DIGEST), undefined);
  }
  await cache.put(KEY, encoded);
  assert.ok((await cache.get(KEY, DIGEST)) !== undefined);
});

test("the size bound holds, and the least recently used entries go first", async (context) => {
  const directory = join(await temporaryFolder(context), "cache");
  const one = encodeArtifact(artifact(10_000));
  const cache = new ArtifactCache({ directory, maxBytes: one.length * 3 });
  for (const [age, digit] of ["a", "b", "c"].entries()) {
    await cache.put(key(digit), one);
    const used = new Date(Date.now() - (10 - age) * 1000 * 3600);
    await utimes(join(directory, `${key(digit)}.artifact`), used, used);
  }
  await cache.get(key("a"), DIGEST);
  await cache.put(key("d"), one);
  assert.deepEqual(
    readdirSync(directory).sort(),
    ["a", "c", "d"].map((digit) => `${key(digit)}.artifact`),
  );
  assert.equal(await cache.put(key("e"), encodeArtifact(artifact(one.length * 4))), false);
});

test("writers at the same time all succeed and leave one whole entry", async (context) => {
  const directory = join(await temporaryFolder(context), "cache");
  const encoded = encodeArtifact(artifact(200_000));
  const caches = Array.from({ length: 8 }, () => new ArtifactCache({ directory }));
  assert.deepEqual(
    await Promise.all(caches.map((cache) => cache.put(KEY, encoded))),
    caches.map(() => true),
  );
  assert.deepEqual(readdirSync(directory), [`${KEY}.artifact`]);
  assert.deepEqual(await readFile(join(directory, `${KEY}.artifact`)), Buffer.from(encoded));
});

test(
  "a folder that others can write to is neither read nor written",
  needing(["posix"], async (context) => {
    const directory = join(await temporaryFolder(context), "cache");
    await new ArtifactCache({ directory }).put(KEY, encodeArtifact(artifact(10)));
    chmodSync(directory, 0o777);
    const cache = new ArtifactCache({ directory });
    assert.equal(await cache.get(KEY, DIGEST), undefined);
    assert.equal(await cache.put(key("1"), encodeArtifact(artifact(10))), false);
  }),
);

test("entries are readable by this user alone, and what a dead process left is swept", async (context) => {
  const directory = join(await temporaryFolder(context), "cache");
  await mkdir(directory, { mode: 0o700 });
  const left = join(directory, `.${KEY}.1.0123456789ab.tmp`);
  await writeFile(left, "left behind");
  await utimes(left, new Date(0), new Date(0));
  const cache = new ArtifactCache({ directory });
  await cache.put(KEY, encodeArtifact(artifact(10)));
  assert.deepEqual(readdirSync(directory), [`${KEY}.artifact`]);
  assert.equal(statSync(join(directory, `${KEY}.artifact`)).mode & 0o777, 0o600);
});

test("a cache that cannot be written costs nothing but speed", async (context) => {
  const folder = await temporaryFolder(context);
  await writeFile(join(folder, "file"), "");
  const cache = new ArtifactCache({ directory: join(folder, "file/cache") });
  assert.equal(await cache.put(KEY, encodeArtifact(artifact(10))), false);
  assert.equal(await cache.get(KEY, DIGEST), undefined);
});

test("a folder that holds other files loses none of them", async (context) => {
  const directory = join(await temporaryFolder(context), "documents");
  await mkdir(directory, { mode: 0o700 });
  const others = ["thesis.txt", ".hidden.tmp", "notes.artifact", `${KEY}.artifact.bak`];
  for (const name of others) {
    await writeFile(join(directory, name), "years of work");
    await utimes(join(directory, name), new Date(0), new Date(0));
  }
  const one = encodeArtifact(artifact(10));
  const cache = new ArtifactCache({ directory, maxBytes: one.length });
  assert.equal(await cache.put(KEY, one), true);
  assert.deepEqual(readdirSync(directory).sort(), [...others, `${KEY}.artifact`].sort());
});

test(
  "an entry that is a link, or that others can write to, is not used",
  needing(["posix"], async (context) => {
    const folder = await temporaryFolder(context);
    const directory = join(folder, "cache");
    const cache = new ArtifactCache({ directory });
    await cache.put(KEY, encodeArtifact(artifact(10)));
    assert.ok((await cache.get(KEY, DIGEST)) !== undefined);
    const path = join(directory, `${KEY}.artifact`);
    chmodSync(path, 0o666);
    assert.equal(await cache.get(KEY, DIGEST), undefined);
    chmodSync(path, 0o600);
    await rename(path, join(folder, "elsewhere"));
    await symlink(join(folder, "elsewhere"), path);
    assert.equal(await cache.get(KEY, DIGEST), undefined);
  }),
);
