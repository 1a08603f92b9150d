import assert from "node:assert/strict";
import { chmodSync, readdirSync, statSync } from "node:fs";
import { mkdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../test/support/guests.ts";
import { type Artifact, encodeArtifact } from "./artifact.ts";
import { ArtifactCache } from "./artifact-cache.ts";

const SIDE = { interfaces: [], functions: [], other: [] };
const DIGEST = "sha256:aa";

function artifact(size: number, digest: string = DIGEST): Artifact {
  return {
    digest,
    interface: { imports: SIDE, exports: SIDE },
    glue: "",
    modules: [{ name: "m", bytes: new Uint8Array(size), memories: [] }],
    instantiations: [],
  };
}

test("what is put can be got, by that key and for that digest only", async (context) => {
  const cache = new ArtifactCache({ directory: join(await temporaryFolder(context), "cache") });
  assert.equal(await cache.get("k", DIGEST), undefined);
  assert.equal(await cache.put("k", encodeArtifact(artifact(10))), true);
  assert.equal((await cache.get("k", DIGEST))?.modules[0]?.bytes.length, 10);
  assert.equal(await cache.get("other", DIGEST), undefined);
  assert.equal(await cache.get("k", "sha256:bb"), undefined);
});

test("a damaged entry is not used, and can be replaced", async (context) => {
  const directory = join(await temporaryFolder(context), "cache");
  const cache = new ArtifactCache({ directory });
  const encoded = encodeArtifact(artifact(1000));
  const path = join(directory, "k.artifact");
  for (const damage of [encoded.subarray(0, 500), new Uint8Array(), Uint8Array.from(encoded).fill(7, 600, 601)]) {
    await cache.put("k", encoded);
    await writeFile(path, damage);
    assert.equal(await cache.get("k", DIGEST), undefined);
  }
  await cache.put("k", encoded);
  assert.ok((await cache.get("k", DIGEST)) !== undefined);
});

test("the size bound holds, and the least recently used entries go first", async (context) => {
  const directory = join(await temporaryFolder(context), "cache");
  const one = encodeArtifact(artifact(10_000));
  const cache = new ArtifactCache({ directory, maxBytes: one.length * 3 });
  for (const [age, key] of ["a", "b", "c"].entries()) {
    await cache.put(key, one);
    const used = new Date(Date.now() - (10 - age) * 1000 * 3600);
    await utimes(join(directory, `${key}.artifact`), used, used);
  }
  await cache.get("a", DIGEST);
  await cache.put("d", one);
  assert.deepEqual(readdirSync(directory).sort(), ["a.artifact", "c.artifact", "d.artifact"]);
  assert.equal(await cache.put("huge", encodeArtifact(artifact(one.length * 4))), false);
});

test("writers at the same time all succeed and leave one whole entry", async (context) => {
  const directory = join(await temporaryFolder(context), "cache");
  const encoded = encodeArtifact(artifact(200_000));
  const caches = Array.from({ length: 8 }, () => new ArtifactCache({ directory }));
  assert.deepEqual(
    await Promise.all(caches.map((cache) => cache.put("k", encoded))),
    caches.map(() => true),
  );
  assert.deepEqual(readdirSync(directory), ["k.artifact"]);
  assert.deepEqual(await readFile(join(directory, "k.artifact")), Buffer.from(encoded));
});

test(
  "a folder that others can write to is neither read nor written",
  { skip: process.platform === "win32" },
  async (context) => {
    const directory = join(await temporaryFolder(context), "cache");
    await new ArtifactCache({ directory }).put("k", encodeArtifact(artifact(10)));
    chmodSync(directory, 0o777);
    const cache = new ArtifactCache({ directory });
    assert.equal(await cache.get("k", DIGEST), undefined);
    assert.equal(await cache.put("l", encodeArtifact(artifact(10))), false);
  },
);

test("entries are readable by this user alone, and what a dead process left is swept", async (context) => {
  const directory = join(await temporaryFolder(context), "cache");
  await mkdir(directory, { mode: 0o700 });
  await writeFile(join(directory, ".k.1.tmp"), "left behind");
  await utimes(join(directory, ".k.1.tmp"), new Date(0), new Date(0));
  const cache = new ArtifactCache({ directory });
  await cache.put("k", encodeArtifact(artifact(10)));
  assert.deepEqual(readdirSync(directory), ["k.artifact"]);
  assert.equal(statSync(join(directory, "k.artifact")).mode & 0o777, 0o600);
});

test("a cache that cannot be written costs nothing but speed", async (context) => {
  const folder = await temporaryFolder(context);
  await writeFile(join(folder, "file"), "");
  const cache = new ArtifactCache({ directory: join(folder, "file/cache") });
  assert.equal(await cache.put("k", encodeArtifact(artifact(10))), false);
  assert.equal(await cache.get("k", DIGEST), undefined);
});
