import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { Guest, HOLDINGS, Playground, preopen } from "../../../../test/support/filesystem.ts";
import { WASI_TYPES } from "../../wasi-types.ts";
import type { MetadataHash } from "../metadata/metadata.ts";
import { wasiFilesystemTypes } from "./wasi-types-binding.ts";
import { needing } from "../../../../test/support/needs.ts";

const NO_CHANGE = { tag: "no-change" };
const NOW = { tag: "now" };

test("every function of the interface is there", () => {
  assert.deepEqual(
    wasiFilesystemTypes.functions.map(({ name }) => name).toSorted(),
    Object.keys(WASI_TYPES["wasi:filesystem/types"]?.functions ?? {}).toSorted(),
  );
});

for (const [name, holding] of HOLDINGS) {
  test(`${name}: files are made, written, read, resized and removed`, async () => {
    using place = new Playground();
    using guest = new Guest([preopen(place.inside)], holding);
    using file = await guest.opened("new.txt", "rwc");
    assert.equal(await guest.call("get-type", file), "regular-file");
    assert.equal(await guest.call("write", file, Buffer.from("hello world"), 0n), 11n);
    assert.equal(await guest.call("write", file, Buffer.from("W"), 6n), 1n);
    assert.deepEqual(await guest.call("read", file, 5n, 6n), [Buffer.from("World"), true]);
    assert.deepEqual(await guest.call("read", file, 5n, 0n), [Buffer.from("hello"), false]);
    assert.deepEqual(await guest.call("read", file, 5n, 11n), [new Uint8Array(0), true]);
    assert.equal(await guest.call("set-size", file, 5n), undefined);
    assert.equal(readFileSync(join(place.inside, "new.txt"), "utf8"), "hello");
    assert.equal(await guest.put("new.txt", "x", "wt"), undefined);
    assert.equal(await guest.text("new.txt"), "x");
    assert.equal(await guest.call("advise", file, 0n, 1n, "normal"), undefined);
    assert.equal(await guest.call("sync", file), undefined);
    assert.equal(await guest.call("sync-data", file), undefined);
    assert.equal(await guest.call("unlink-file-at", guest.root, "new.txt"), undefined);
    assert.equal(existsSync(join(place.inside, "new.txt")), false);
    assert.equal(guest.context.meters.openFiles.held, 1);
    file[Symbol.dispose]();
    file[Symbol.dispose]();
    assert.equal(guest.context.meters.openFiles.held, 0);
  });

  test(`${name}: open flags`, async () => {
    using place = new Playground();
    writeFileSync(join(place.inside, "file"), "content");
    mkdirSync(join(place.inside, "folder"));
    symlinkSync("file", join(place.inside, "link"));
    symlinkSync("folder", join(place.inside, "folder-link"));
    symlinkSync("made", join(place.inside, "dangling"));
    using guest = new Guest([preopen(place.inside)], holding);
    for (const [path, flags, expected] of [
      ["file", "wcx", "!exist"],
      ["link", "wcx", "!exist"],
      ["file", "rd", "!not-directory"],
      ["file/", "r", "!not-directory"],
      ["file/.", "r", "!not-directory"],
      ["file/x", "r", "!not-directory"],
      ["folder", "rw", "!is-directory"],
      ["folder", "rwc", "!is-directory"],
      ["folder", "rdc", "!invalid"],
      ["folder", "rdt", "!invalid"],
      [".", "rw", "!is-directory"],
      ["missing", "r", "!no-entry"],
      ["missing/", "wc", "!is-directory"],
      ["missing/x", "wc", "!no-entry"],
      ["link", "rn", "!loop"],
      ["link", "rdn", "!not-directory"],
      ["folder-link/", "rn", "!not-directory"],
      ["dangling", "r", "!no-entry"],
      ["dangling", "rn", "!loop"],
      ["a".repeat(256), "r", "!name-too-long"],
    ] as const) {
      assert.equal(await guest.open(path, flags), expected, `${path} ${flags}`);
    }
    assert.equal(guest.context.meters.openFiles.held, 0, "what did not open is not counted");
    assert.equal(readFileSync(join(place.inside, "file"), "utf8"), "content");
    assert.equal(await guest.text("link"), "content");
    assert.equal(await guest.text("folder-link/../file"), "content");
    (await guest.opened("folder-link/", "r"))[Symbol.dispose]();
    assert.equal(await guest.put("dangling", "through a link"), undefined);
    assert.equal(readFileSync(join(place.inside, "made"), "utf8"), "through a link");
  });

  test(`${name}: flags and what a descriptor is for`, async () => {
    using place = new Playground();
    writeFileSync(join(place.inside, "file"), "content");
    mkdirSync(join(place.inside, "folder"));
    using guest = new Guest([preopen(place.inside)], holding);
    const none = {
      read: false,
      write: false,
      fileIntegritySync: false,
      dataIntegritySync: false,
      requestedWriteSync: false,
      mutateDirectory: false,
    };
    assert.deepEqual(await guest.call("get-flags", guest.root), { ...none, read: true, mutateDirectory: true });
    using reader = await guest.opened("file", "r");
    using writer = await guest.opened("file", "wS");
    using folder = await guest.opened("folder", "m");
    assert.deepEqual(await guest.call("get-flags", reader), { ...none, read: true });
    assert.deepEqual(await guest.call("get-flags", writer), { ...none, write: true, fileIntegritySync: true });
    assert.deepEqual(await guest.call("get-flags", folder), { ...none, read: true, mutateDirectory: true });
    assert.equal(await guest.call("read", writer, 1n, 0n), "!bad-descriptor");
    assert.equal(await guest.call("read-via-stream", writer, 0n), "!bad-descriptor");
    assert.equal(await guest.call("write", reader, Buffer.from("x"), 0n), "!bad-descriptor");
    assert.equal(await guest.call("write-via-stream", reader, 0n), "!bad-descriptor");
    assert.equal(await guest.call("append-via-stream", reader), "!bad-descriptor");
    assert.equal(await guest.call("set-size", reader, 0n), "!bad-descriptor");
    assert.equal(await guest.call("read", folder, 1n, 0n), "!bad-descriptor");
    assert.equal(await guest.call("advise", folder, 0n, 0n, "normal"), "!bad-descriptor");
    assert.equal(await guest.call("read-directory", reader), "!not-directory");
    assert.equal(await guest.open("x", "r", reader), "!not-directory");
    assert.equal(await guest.call("sync", folder), undefined);
    assert.equal(await guest.call("get-type", folder), "directory");
  });

  test(`${name}: folders are made, listed and removed`, async () => {
    using place = new Playground();
    using guest = new Guest([preopen(place.inside)], holding);
    assert.equal(await guest.call("create-directory-at", guest.root, "a/"), undefined);
    assert.equal(await guest.call("create-directory-at", guest.root, "a"), "!exist");
    assert.equal(await guest.call("create-directory-at", guest.root, "."), "!exist");
    assert.equal(await guest.call("create-directory-at", guest.root, "b/c"), "!no-entry");
    using folder = await guest.opened("a", "rm");
    for (let index = 0; index < 300; index++) writeFileSync(join(place.inside, "a", `f${index}`), "");
    assert.equal((await guest.list(folder)).length, 300);
    assert.equal(await guest.call("remove-directory-at", guest.root, "a"), "!not-empty");
    assert.equal(await guest.call("remove-directory-at", guest.root, "."), "!invalid");
    assert.equal(await guest.call("unlink-file-at", guest.root, "a"), "!is-directory");
    assert.equal(await guest.call("unlink-file-at", guest.root, "a/"), "!is-directory");
    for (let index = 0; index < 300; index++) {
      assert.equal(await guest.call("unlink-file-at", folder, `f${index}`), undefined);
    }
    assert.equal(await guest.call("remove-directory-at", guest.root, "a/"), undefined);
    assert.deepEqual(await guest.list(), []);
  });

  test(
    `${name}: a name that is not valid UTF-8 fails alone, and cannot be named`,
    needing(["linux"], async () => {
      using place = new Playground();
      for (const entry of ["a", "b", "z\uFFFD", "naïve"]) writeFileSync(join(place.inside, entry), entry);
      writeFileSync(Buffer.concat([Buffer.from(`${place.inside}/x`), Buffer.from([0xff])]), "");
      symlinkSync(Buffer.from([0x6e, 0xff]), join(place.inside, "to-invalid"));
      using guest = new Guest([preopen(place.inside)], holding);
      using entries = (await guest.call("read-directory", guest.root)) as Disposable;
      const seen: unknown[] = [];
      for (;;) {
        const entry = await guest.call("[method]directory-entry-stream.read-directory-entry", entries);
        if (entry === undefined) break;
        seen.push(typeof entry === "string" ? entry : (entry as { readonly name: string }).name);
      }
      assert.deepEqual(new Set(seen), new Set(["a", "b", "z\uFFFD", "naïve", "to-invalid", "!illegal-byte-sequence"]));
      assert.equal(await guest.open("x\uFFFD", "r"), "!no-entry");
      assert.equal(await guest.open("to-invalid", "r"), "!illegal-byte-sequence");
      assert.equal(await guest.text("z\uFFFD"), "z\uFFFD");
    }),
  );

  test(`${name}: metadata`, async () => {
    using place = new Playground();
    writeFileSync(join(place.inside, "file"), "content");
    writeFileSync(join(place.inside, "other"), "content");
    symlinkSync("file", join(place.inside, "link"));
    using guest = new Guest([preopen(place.inside)], holding, {}, { kind: "read", resolutionNs: 1 });
    using file = await guest.opened("file", "rw");
    assert.equal(
      await guest.call("link-at", guest.root, { symlinkFollow: false }, "file", guest.root, "twin"),
      undefined,
    );
    const stat = await guest.stat("file");
    assert.ok(typeof stat === "object");
    const { mtimeNs } = statSync(join(place.inside, "file"), { bigint: true });
    assert.equal(stat.type, "regular-file");
    assert.equal(stat.size, 7n);
    assert.equal(stat.linkCount, 2n);
    assert.deepEqual(stat.dataModificationTimestamp, {
      seconds: mtimeNs / 1_000_000_000n,
      nanoseconds: Number(mtimeNs % 1_000_000_000n),
    });
    assert.deepEqual(await guest.call("stat", file), stat);
    assert.deepEqual(await guest.stat("link"), stat);
    const link = await guest.stat("link", false);
    assert.equal(typeof link === "object" && link.type, "symbolic-link");
    assert.equal(await guest.stat("file/"), "!not-directory");
    assert.equal(await guest.stat("missing"), "!no-entry");

    using twin = await guest.opened("twin", "r");
    using other = await guest.opened("other", "r");
    assert.equal(await guest.call("is-same-object", file, twin), true);
    assert.equal(await guest.call("is-same-object", file, other), false);
    const hash = (await guest.call("metadata-hash", file)) as MetadataHash;
    assert.deepEqual(await guest.call("metadata-hash-at", guest.root, { symlinkFollow: true }, "link"), hash);
    assert.deepEqual(await guest.call("metadata-hash", twin), hash);
    assert.notDeepEqual(await guest.call("metadata-hash", other), hash);
    const { ino } = statSync(join(place.inside, "file"), { bigint: true });
    assert.notEqual(hash.lower, ino);
    assert.notEqual(hash.upper, ino);

    const time = { tag: "timestamp", val: { seconds: 1_000_000_000n, nanoseconds: 500_000_000 } };
    assert.equal(await guest.call("set-times", file, time, NO_CHANGE), undefined);
    let after = statSync(join(place.inside, "file"), { bigint: true });
    assert.equal(after.atimeNs, 1_000_000_000_500_000_000n);
    assert.equal(after.mtimeNs, mtimeNs, "what is not to change does not, to the nanosecond");
    assert.equal(await guest.call("set-times-at", guest.root, { symlinkFollow: true }, "link", NOW, time), undefined);
    after = statSync(join(place.inside, "file"), { bigint: true });
    assert.equal(after.mtimeNs, 1_000_000_000_500_000_000n);
    assert.ok(after.atimeNs > mtimeNs - 1_000_000_000n);
    assert.equal(await guest.call("set-times", guest.root, time, time), undefined);
    assert.equal(statSync(place.inside, { bigint: true }).mtimeNs, 1_000_000_000_500_000_000n);
    const odd = { seconds: 1_795_246_104n, nanoseconds: 449_763_843 };
    assert.equal(await guest.call("set-times", file, { tag: "timestamp", val: odd }, NO_CHANGE), undefined);
    const exact = await guest.stat("link");
    assert.deepEqual(typeof exact === "object" && exact.dataAccessTimestamp, odd, "to the nanosecond for the guest");
    after = statSync(join(place.inside, "file"), { bigint: true });
    assert.ok(Math.abs(Number(after.atimeNs - 1_795_246_104_449_763_843n)) < 240, "and nearly so on the disk");
    assert.equal(await guest.call("set-times", file, NOW, NO_CHANGE), undefined);
    const renewed = await guest.stat("file");
    assert.notDeepEqual(typeof renewed === "object" && renewed.dataAccessTimestamp, odd);
    for (const [val, expected] of [
      [{ seconds: 0n, nanoseconds: 1_000_000_000 }, "!invalid"],
      [{ seconds: 2n ** 63n, nanoseconds: 0 }, "!overflow"],
    ] as const) {
      assert.equal(await guest.call("set-times", file, { tag: "timestamp", val }, NOW), expected);
    }
  });

  // Weakening: `metadataHash` is of the time that the disk has.
  test(`${name}: a hash of metadata is no finer clock than the guest has`, async () => {
    using place = new Playground();
    const path = join(place.inside, "file");
    for (const kind of ["none", "read", "virtual"] as const) {
      const clocks =
        kind === "virtual" ? { kind, resolutionNs: 1, stepNs: 1, startMs: 0 } : { kind, resolutionNs: 1e9 };
      using guest = new Guest([preopen(place.inside)], holding, {}, clocks);
      const hashWith = async (seconds: number, content = "content"): Promise<unknown> => {
        writeFileSync(path, content);
        utimesSync(path, seconds, seconds);
        return guest.call("metadata-hash-at", guest.root, { symlinkFollow: true }, "file");
      };
      const first = await hashWith(1000.125);
      assert.deepEqual(await hashWith(1000.875), first, kind);
      const next = await hashWith(1001.125);
      assert.equal(isDeepStrictEqual(next, first), kind === "virtual", kind);
      assert.notDeepEqual(await hashWith(1000.125, "longer content"), first, kind);
    }
  });

  test(`${name}: names are moved and linked`, async () => {
    using place = new Playground();
    writeFileSync(join(place.inside, "file"), "content");
    mkdirSync(join(place.inside, "folder"));
    using guest = new Guest([preopen(place.inside)], holding);
    const rename = (from: string, to: string): Promise<unknown> =>
      guest.call("rename-at", guest.root, from, guest.root, to);
    const link = (from: string, to: string, symlinkFollow = false): Promise<unknown> =>
      guest.call("link-at", guest.root, { symlinkFollow }, from, guest.root, to);
    assert.equal(await rename("file", "folder/moved"), undefined);
    assert.equal(await guest.text("folder/moved"), "content");
    writeFileSync(join(place.inside, "second"), "");
    assert.equal(await rename("second", "folder"), "!is-directory");
    assert.equal(await rename("second", "folder/"), "!not-directory");
    assert.equal(await rename("second", "folder/moved"), undefined);
    assert.equal(await guest.text("folder/moved"), "");
    writeFileSync(join(place.inside, "folder/moved"), "content");
    assert.equal(await rename("folder", "."), "!busy");
    assert.equal(await rename("folder/", "renamed/"), undefined);
    assert.equal(await link("renamed/moved", "hard"), undefined);
    assert.equal(await link("renamed/moved", "hard"), "!exist");
    assert.equal(await link("renamed", "hard2"), "!not-permitted");
    assert.equal(await link("hard", "hard3/"), "!no-entry");
    assert.equal(await link("hard", "hard3", true), "!invalid");
    assert.equal(await guest.call("symlink-at", guest.root, "renamed/moved", "soft"), undefined);
    assert.equal(await guest.call("symlink-at", guest.root, "x", "soft"), "!exist");
    assert.equal(await guest.call("symlink-at", guest.root, "x", "y/"), "!no-entry");
    assert.equal(await guest.call("readlink-at", guest.root, "soft"), "renamed/moved");
    assert.equal(await guest.call("readlink-at", guest.root, "hard"), "!invalid");
    assert.equal(await guest.text("soft"), "content");
    assert.deepEqual(await guest.list(), ["hard", "renamed", "soft"]);
  });

  test(`${name}: one event for each that is opened or changed, none for what is read and written`, async () => {
    using place = new Playground();
    using guest = new Guest([preopen(place.inside, { guest: "/data" })], holding);
    assert.equal(await guest.put("new", "text"), undefined);
    assert.equal(await guest.text("new"), "text");
    await guest.stat("new");
    await guest.stat("missing");
    await guest.open("missing", "r");
    await guest.open("../x", "r");
    await guest.stat("/etc/passwd");
    await guest.call("create-directory-at", guest.root, "d");
    using folder = await guest.opened("d", "rm");
    await guest.call("rename-at", guest.root, "new", folder, "old");
    assert.deepEqual(
      guest.context.observations.map(({ eventType, action, resource, result }) => [
        eventType,
        action,
        resource,
        result,
      ]),
      [
        ["FilesystemAccess", "filesystem.open-at", "/data/new", "Allowed"],
        ["FilesystemAccess", "filesystem.open-at", "/data/new", "Allowed"],
        ["FilesystemAccess", "filesystem.open-at", "/data/missing", "Error"],
        ["FilesystemAccess", "filesystem.open-at", "/data/../x", "Denied"],
        ["FilesystemAccess", "filesystem.stat-at", "/data//etc/passwd", "Denied"],
        ["FilesystemAccess", "filesystem.create-directory-at", "/data/d", "Allowed"],
        ["FilesystemAccess", "filesystem.open-at", "/data/d", "Allowed"],
        ["FilesystemAccess", "filesystem.rename-at", "/data/new -> /data/d/old", "Allowed"],
      ],
    );
    for (const { reason } of guest.context.observations) assert.doesNotMatch(reason ?? "", /\n|cordon-files/);
  });
}
