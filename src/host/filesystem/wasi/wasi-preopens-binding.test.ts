import assert from "node:assert/strict";
import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { callHost } from "../../../../test/support/host-context.ts";
import { FOLLOW, Guest, HOLDINGS, NO_FOLLOW, Playground, preopen } from "../../../../test/support/filesystem.ts";
import { allowPosixFolders } from "../filesystem-state.ts";
import { wasiFilesystemPreopens } from "./wasi-preopens-binding.ts";
import { needing } from "../../../../test/support/needs.ts";

function openDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

test("nothing is preopened without a grant", () => {
  using guest = new Guest([]);
  assert.deepEqual(callHost(wasiFilesystemPreopens, "get-directories", guest.context), { tag: "ok", val: [] });
});

test("folders come with their guest names, in order; asking again holds nothing more of the host", () => {
  using place = new Playground();
  using guest = new Guest([
    preopen(place.inside, { guest: "/" }),
    preopen(place.outside, { guest: "data", write: false }),
  ]);
  const before = process.platform === "linux" ? openDescriptors() : 0;
  for (let turn = 0; turn < 100; turn++) {
    const answer = callHost(wasiFilesystemPreopens, "get-directories", guest.context);
    assert.ok(!(answer instanceof Promise) && answer.tag === "ok");
    const folders = answer.val as (readonly [Disposable, string])[];
    assert.deepEqual(
      folders.map(([, name]) => name),
      ["/", "data"],
    );
    for (const [folder] of folders.slice(turn % 3)) folder[Symbol.dispose]();
  }
  if (process.platform === "linux") assert.equal(openDescriptors(), before);
});

test("a folder that is gone is left out, and the record says so", () => {
  using place = new Playground();
  rmSync(place.outside, { recursive: true });
  writeFileSync(join(place.base, "file"), "");
  using guest = new Guest([
    preopen(place.outside, { guest: "/gone" }),
    preopen(place.inside),
    preopen(join(place.base, "file"), { guest: "/file" }),
  ]);
  assert.equal(guest.folders.length, 1);
  assert.deepEqual(
    guest.context.observations.map(({ resource, result }) => [resource, result]),
    [
      ["/gone", "Error"],
      ["/file", "Error"],
    ],
  );
});

test(
  "every descriptor of the host is closed with the guest's, and those that nobody dropped with the invocation",
  needing(["linux"], async () => {
    using place = new Playground();
    mkdirSync(join(place.inside, "a/b/c/d"), { recursive: true });
    for (let index = 0; index < 40; index++) mkdirSync(join(place.inside, `many${index}/x`), { recursive: true });
    writeFileSync(join(place.inside, "a/b/c/d/file"), "text");
    symlinkSync("../c/d/file", join(place.inside, "a/b/c/link"));
    const before = openDescriptors();
    {
      using guest = new Guest([preopen(place.inside)]);
      const { root } = guest;
      for (let turn = 0; turn < 50; turn++) {
        assert.equal(await guest.text("a/b/c/d/file"), "text");
        assert.equal(await guest.text("a/b/c/link"), "text");
        assert.equal(await guest.open("a/b/c/link", "rn"), "!loop");
        assert.equal(await guest.open("a/b/c/missing", "r"), "!no-entry");
        assert.equal(await guest.open("a/b/c/d/../../../../..", "r"), "!not-permitted");
        assert.equal(await guest.open("a/b/c/d/file/x", "r"), "!not-directory");
        assert.equal(await guest.open("a/b/c/d/file", "rwcx"), "!exist");
        assert.equal(await guest.put(`many${turn % 40}/x/new`, "x"), undefined);
        assert.equal(await guest.call("link-at", root, NO_FOLLOW, "a/b/c/d/file", root, "a/b/c/link"), "!exist");
        assert.equal(await guest.call("rename-at", root, "a/b/c/missing", root, "a/b/x"), "!no-entry");
        await guest.stat("a/b/c/link");
        await guest.list(await guest.opened("a/b/c", "r"));
        const file = await guest.opened("a/b/c/d/file", "rw");
        const streams = [
          await guest.call("read-via-stream", file, 0n),
          await guest.call("write-via-stream", file, 0n),
          await guest.call("append-via-stream", file),
        ] as Disposable[];
        assert.equal(await guest.call("sync", file), undefined);
        file[Symbol.dispose]();
        for (const stream of streams) stream[Symbol.dispose]();
      }
      assert.ok(guest.context.meters.openFiles.held > 0, "the folders that were listed are still open");
    }
    assert.equal(openDescriptors(), before);
  }),
);

for (const [name, holding] of HOLDINGS) {
  test(`${name}: a folder on the way that is moved, replaced or removed is noticed by the next open`, async () => {
    using place = new Playground();
    mkdirSync(join(place.inside, "a/b"), { recursive: true });
    writeFileSync(join(place.inside, "a/b/file"), "first");
    using guest = new Guest([preopen(place.inside)], holding);
    const text = (): Promise<string> => guest.text("a/b/file");
    assert.deepEqual([await text(), await text()], ["first", "first"]);
    renameSync(join(place.inside, "a"), join(place.inside, "old"));
    assert.equal(await text(), "!no-entry");
    mkdirSync(join(place.inside, "a/b"), { recursive: true });
    writeFileSync(join(place.inside, "a/b/file"), "second");
    assert.deepEqual([await text(), await text()], ["second", "second"]);
    rmSync(join(place.inside, "a"), { recursive: true });
    symlinkSync("old", join(place.inside, "a"));
    assert.equal(await text(), "first");
    rmSync(join(place.inside, "a"));
    symlinkSync("../outside", join(place.inside, "a"));
    assert.equal(await text(), "!not-permitted");
    assert.equal(await guest.stat("a/b/file"), "!not-permitted");
  });

  test(`${name}: with POSIX's folders a folder has the rights of the one it was opened from, and no more`, async () => {
    using place = new Playground();
    for (const folder of [place.inside, place.outside]) mkdirSync(join(folder, "tree/branch"), { recursive: true });
    const granted = [
      preopen(place.inside),
      preopen(place.outside, { guest: "/ro", write: false, create: false, delete: false }),
    ];
    using guest = new Guest(granted, holding);
    allowPosixFolders(guest.context);
    using tree = await guest.opened("tree", "rd");
    using branch = await guest.opened("branch", "d", tree);
    assert.equal(await guest.put("leaf", "x", "wc", branch), undefined);
    assert.equal(await guest.call("unlink-file-at", branch, "leaf"), undefined);
    assert.equal(await guest.call("remove-directory-at", tree, "branch"), undefined);
    using other = await guest.opened("tree", "rd", guest.folders[1]);
    assert.equal(await guest.put("leaf", "x", "wc", other), "!read-only");
    assert.equal(await guest.call("remove-directory-at", other, "branch"), "!read-only");
    assert.equal(
      await guest.call("set-times-at", other, FOLLOW, "branch", { tag: "now" }, { tag: "now" }),
      "!read-only",
    );
  });
}
