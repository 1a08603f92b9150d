import assert from "node:assert/strict";
import {
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { FOLLOW, Guest, HOLDINGS, NO_FOLLOW, playgroundWithSecret, preopen } from "../support/filesystem.ts";

const NOW = { tag: "now" };

for (const [name, holding] of HOLDINGS) {
  // Seen to fail with: the preopened folder's `write` not checked; the source of a hard link not checked.
  test(`${name}: nothing changes through a folder that is preopened for reading`, async () => {
    using place = playgroundWithSecret();
    mkdirSync(join(place.base, "writable"));
    writeFileSync(join(place.base, "writable/w"), "w");
    const granted = [
      preopen(place.inside, { guest: "/ro", write: false, create: false, delete: false }),
      preopen(join(place.base, "writable"), { guest: "/rw" }),
    ];
    using guest = new Guest(granted, holding);
    const [ro, rw] = guest.folders;
    assert.ok(ro !== undefined && rw !== undefined);
    const before = lstatSync(join(place.inside, "file"), { bigint: true });
    using dir = await guest.opened("dir", "r", ro);
    for (const [base, path] of [
      [ro, "file"],
      [ro, "dir/x"],
      [dir, "x"],
    ] as const) {
      using file = await guest.opened(path, "r", base);
      const answers: Promise<unknown>[] = [
        guest.open(path, "w", base),
        guest.open(path, "rw", base),
        guest.open(path, "rt", base),
        guest.open(path, "rc", base),
        guest.open("new", "wcx", base),
        guest.open(".", "m", base),
        guest.call("set-times", file, NOW, NOW),
        guest.call("set-times", base, NOW, NOW),
        guest.call("set-times-at", base, FOLLOW, path, NOW, NOW),
        guest.call("create-directory-at", base, "new"),
        guest.call("remove-directory-at", base, "nested"),
        guest.call("unlink-file-at", base, path),
        guest.call("symlink-at", base, "x", "new"),
        guest.call("link-at", base, NO_FOLLOW, path, base, "new"),
        guest.call("link-at", base, NO_FOLLOW, path, rw, "new"),
        guest.call("link-at", rw, NO_FOLLOW, "w", base, "new"),
        guest.call("rename-at", base, path, rw, "new"),
        guest.call("rename-at", rw, "w", base, "new"),
        guest.call("rename-at", rw, "w", base, path),
      ];
      assert.deepEqual(new Set(await Promise.all(answers)), new Set(["!read-only"]), path);
      for (const answer of [
        guest.call("write", file, Buffer.from("x"), 0n),
        guest.call("set-size", file, 0n),
        guest.call("write-via-stream", file, 0n),
        guest.call("append-via-stream", file),
      ]) {
        assert.equal(await answer, "!bad-descriptor");
      }
    }
    const after = lstatSync(join(place.inside, "file"), { bigint: true });
    assert.deepEqual([after.mtimeNs, after.ctimeNs, after.size], [before.mtimeNs, before.ctimeNs, before.size]);
    assert.deepEqual(readdirSync(place.inside).toSorted(), ["dir", "file"]);
    assert.deepEqual(readdirSync(join(place.inside, "dir")).toSorted(), ["nested", "x"]);
    assert.equal(readFileSync(join(place.base, "writable/w"), "utf8"), "w");
  });

  // Seen to fail with: the flag not checked; a folder given its parent's rights.
  test(`${name}: nothing changes through a folder that was opened without mutate-directory`, async () => {
    using place = playgroundWithSecret();
    using guest = new Guest([preopen(place.inside)], holding);
    using dir = await guest.opened("dir", "r");
    using deeper = await guest.opened("nested", "r", dir);
    for (const base of [dir, deeper]) {
      const path = base === dir ? "x" : "y";
      const answers: Promise<unknown>[] = [
        guest.open(path, "rw", base),
        guest.open(path, "rt", base),
        guest.open(path, "wc", base),
        guest.open(".", "rm", base),
        guest.call("set-times", base, NOW, NOW),
        guest.call("set-times-at", base, FOLLOW, path, NOW, NOW),
        guest.call("create-directory-at", base, "new"),
        guest.call("remove-directory-at", base, "nested"),
        guest.call("unlink-file-at", base, path),
        guest.call("symlink-at", base, "x", "new"),
        guest.call("link-at", base, NO_FOLLOW, path, guest.root, "new"),
        guest.call("link-at", guest.root, NO_FOLLOW, "file", base, "new"),
        guest.call("rename-at", base, path, guest.root, "new"),
        guest.call("rename-at", guest.root, "file", base, "new"),
      ];
      assert.deepEqual(new Set(await Promise.all(answers)), new Set(["!read-only"]));
    }
    // A descriptor with the right can still be opened from one that has it: rights are the descriptor's.
    using writable = await guest.opened("dir", "rm");
    assert.equal(await guest.put("x", "changed", "wt", writable), undefined);
  });

  // Seen to fail with: `create` not checked; `delete` not checked; a replaced name not counted as deleted.
  test(`${name}: creating and deleting need their own grants`, async () => {
    using place = playgroundWithSecret();
    mkdirSync(join(place.inside, "empty"));
    writeFileSync(join(place.inside, "other"), "other");
    {
      using guest = new Guest([preopen(place.inside, { create: false, delete: false })], holding);
      for (const answer of [
        guest.put("new", "x", "wc"),
        guest.put("new", "x", "wcx"),
        guest.call("create-directory-at", guest.root, "new"),
        guest.call("symlink-at", guest.root, "x", "new"),
        guest.call("link-at", guest.root, NO_FOLLOW, "file", guest.root, "new"),
        guest.call("unlink-file-at", guest.root, "file"),
        guest.call("remove-directory-at", guest.root, "empty"),
        guest.call("rename-at", guest.root, "file", guest.root, "new"),
        guest.call("rename-at", guest.root, "file", guest.root, "other"),
      ]) {
        assert.equal(await answer, "!not-permitted");
      }
      assert.equal(await guest.put("file", "changed", "wct"), undefined, "what is there may be written");
    }
    {
      using guest = new Guest([preopen(place.inside, { delete: false })], holding);
      assert.equal(await guest.put("new", "x", "wcx"), undefined);
      for (const answer of [
        guest.call("unlink-file-at", guest.root, "file"),
        guest.call("remove-directory-at", guest.root, "empty"),
        guest.call("rename-at", guest.root, "file", guest.root, "moved"),
        guest.call("rename-at", guest.root, "file", guest.root, "other"),
      ]) {
        assert.equal(await answer, "!not-permitted");
      }
    }
    {
      using guest = new Guest([preopen(place.inside, { create: false })], holding);
      assert.equal(await guest.call("rename-at", guest.root, "file", guest.root, "moved"), "!not-permitted");
      assert.equal(await guest.call("unlink-file-at", guest.root, "new"), undefined);
    }
    {
      // Into a folder where nothing may be removed: comes in, replaces nothing.
      mkdirSync(join(place.base, "drop"));
      writeFileSync(join(place.base, "drop/kept"), "kept");
      const granted = [preopen(place.inside), preopen(join(place.base, "drop"), { guest: "/d", delete: false })];
      using guest = new Guest(granted, holding);
      const drop = guest.folders[1];
      const rename = (from: string, to: string): Promise<unknown> =>
        guest.call("rename-at", guest.root, from, drop, to);
      symlinkSync("file", join(place.inside, "soft"));
      assert.equal(await rename("file", "kept"), "!not-permitted");
      assert.equal(await rename("file", "came"), undefined);
      assert.equal(await rename("soft", "soft"), undefined);
      assert.equal(await rename("dir", "dir"), undefined);
      assert.deepEqual(readdirSync(join(place.base, "drop")).toSorted(), ["came", "dir", "kept", "soft"]);
      assert.equal(lstatSync(join(place.base, "drop/came")).nlink, 1);
      assert.equal(readFileSync(join(place.base, "drop/kept"), "utf8"), "kept");
    }
    assert.deepEqual(readdirSync(place.inside).toSorted(), ["empty", "other"]);
  });

  // Seen to fail with: paths not compared; identities not compared; folders above left movable.
  test(`${name}: what the host protects in a granted folder is not written, by no detour`, async () => {
    using place = playgroundWithSecret();
    mkdirSync(join(place.inside, "state/cache/deep"), { recursive: true });
    writeFileSync(join(place.inside, "state/cache/code"), "code");
    writeFileSync(join(place.inside, "key"), "key");
    mkdirSync(join(place.inside, "mine/later"), { recursive: true });
    writeFileSync(join(place.inside, "mine/later/evil"), "evil");
    symlinkSync("state/cache", join(place.inside, "detour"));
    const except = ["state/cache", "key", "soon/later"].map((path) => join(place.inside, path));
    using guest = new Guest([preopen(place.inside, { except })], holding);
    assert.equal(await guest.text("state/cache/code"), "code", "reading is granted");
    const root = guest.root;
    using cache = await guest.opened("state/cache", "r");
    using state = await guest.opened("state", "rm");
    for (const answer of [
      guest.put("state/cache/code", "x", "w"),
      guest.put("detour/code", "x", "w"),
      guest.put("state/cache/new", "x", "wc"),
      guest.put("state/cache/deep/new", "x", "wc"),
      guest.put("cache/code", "x", "wt", state),
      guest.put("key", "x", "w"),
      guest.put("key", "x", "rt"),
      guest.open("state/cache", "rm"),
      guest.open("state/cache/deep", "rm"),
      guest.open("detour/.", "rm"),
      guest.open("code", "w", cache),
      guest.call("create-directory-at", root, "detour/new"),
      guest.call("unlink-file-at", root, "state/cache/code"),
      guest.call("unlink-file-at", root, "key"),
      guest.call("remove-directory-at", root, "state/cache/deep"),
      guest.call("set-times-at", root, FOLLOW, "detour/code", NOW, NOW),
      guest.call("symlink-at", root, "x", "state/cache/new"),
      guest.call("link-at", root, NO_FOLLOW, "state/cache/code", root, "mine/code"),
      guest.call("link-at", root, NO_FOLLOW, "key", root, "mine/key"),
      guest.call("link-at", root, NO_FOLLOW, "mine/later/evil", root, "state/cache/evil"),
      guest.call("rename-at", root, "state/cache", root, "mine/cache"),
      guest.call("rename-at", root, "state/cache/code", root, "mine/code"),
      guest.call("rename-at", root, "mine/later/evil", root, "state/cache/code"),
      guest.call("rename-at", root, "mine/later/evil", root, "key"),
      // Moving the folder above it, to make room for another.
      guest.call("rename-at", root, "state", root, "mine/state"),
      guest.call("rename-at", root, "mine", root, "state"),
      // What is not there yet is not made, neither directly nor with a tree that has it already.
      guest.call("rename-at", root, "mine", root, "soon"),
      guest.call("symlink-at", root, "mine", "soon"),
    ]) {
      assert.equal(await answer, "!read-only");
    }
    assert.equal(await guest.call("create-directory-at", root, "soon"), undefined);
    assert.equal(await guest.call("create-directory-at", root, "soon/later"), "!read-only");
    assert.equal(await guest.call("rename-at", root, "mine/later", root, "soon/later"), "!read-only");
    assert.equal(await guest.put("soon/later", "x", "wc"), "!read-only");
    // The host moves it: its identity still tells.
    renameSync(join(place.inside, "state/cache"), join(place.inside, "moved"));
    linkSync(join(place.inside, "key"), join(place.inside, "key2"));
    assert.equal(await guest.put("moved/code", "x", "w"), "!read-only");
    assert.equal(await guest.put("moved/deep/new", "x", "wc"), "!read-only");
    assert.equal(await guest.put("key2", "x", "w"), "!read-only");
    assert.equal(readFileSync(join(place.inside, "moved/code"), "utf8"), "code");
    assert.equal(readFileSync(join(place.inside, "key"), "utf8"), "key");
    // Its neighbours are the guest's.
    assert.equal(await guest.put("state/free", "x", "wc"), undefined);
    rmSync(join(place.inside, "detour"));
  });
}
