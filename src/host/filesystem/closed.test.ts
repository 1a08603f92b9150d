import assert from "node:assert/strict";
import { closeSync, constants, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { FOLLOW, Guest, HOLDINGS, Playground, preopen } from "../../../test/support/filesystem.ts";
import { needing } from "../../../test/support/needs.ts";
import type { InputStream, OutputStream } from "../io/streams.ts";
import { FilesystemError } from "./wasi/error-code.ts";
import type { FolderEntries } from "./folders/folder-entries.ts";
import { preopenedFolders } from "./paths/preopened-folders.ts";

/** Descriptors that are used after they were closed, when others of the process have their numbers. */

const CLOSED = "!bad-descriptor";
const NO_CHANGE = { tag: "no-change" };
const SECRET = "SECRET of the host";

/** Files and folders outside, opened by somebody else of the process: they get the numbers that were just closed. */
class Strangers {
  readonly secret: string;
  readonly #open: readonly number[];

  constructor({ outside }: Playground, kind: "file" | "folder") {
    this.secret = join(outside, "secret");
    writeFileSync(this.secret, SECRET);
    this.#open = Array.from({ length: 12 }, () =>
      kind === "file" ? openSync(this.secret, "r+") : openSync(outside, constants.O_RDONLY),
    );
  }

  assertUntouched(): void {
    assert.equal(readFileSync(this.secret, "utf8"), SECRET);
  }

  [Symbol.dispose](): void {
    for (const fd of this.#open) closeSync(fd);
  }
}

/** How many numbers of the process are of something open. */
function openNumbers(): number {
  return readdirSync("/proc/self/fd").length;
}

async function assertFileUnusable(guest: Guest, file: unknown): Promise<void> {
  for (const [method, ...parameters] of [
    ["read", 100n, 0n],
    ["write", Buffer.from("PWNED"), 0n],
    ["set-size", 1n],
    ["set-times", NO_CHANGE, { tag: "now" }],
    ["stat"],
    ["metadata-hash"],
    ["sync"],
    ["sync-data"],
    ["read-via-stream", 0n],
    ["write-via-stream", 0n],
    ["append-via-stream"],
  ] as const) {
    const isOver = method === "append-via-stream" && guest.context.signal.aborted;
    assert.equal(await guest.call(method, file, ...parameters), isOver ? "!interrupted" : CLOSED, method);
  }
}

async function assertFolderUnusable(guest: Guest, folder: unknown): Promise<void> {
  for (const [method, ...parameters] of [
    ["stat"],
    ["metadata-hash"],
    ["sync"],
    ["set-times", NO_CHANGE, { tag: "now" }],
    ["read-directory"],
    ["stat-at", FOLLOW, "secret"],
    ["stat-at", FOLLOW, "."],
    ["metadata-hash-at", FOLLOW, "secret"],
    ["set-times-at", FOLLOW, "secret", NO_CHANGE, { tag: "now" }],
    ["readlink-at", "secret"],
    ["create-directory-at", "made"],
    ["symlink-at", "secret", "link"],
    ["rename-at", "secret", folder, "moved"],
    ["link-at", { symlinkFollow: false }, "secret", folder, "linked"],
    ["unlink-file-at", "secret"],
    ["remove-directory-at", "made"],
  ] as const) {
    assert.equal(await guest.call(method, folder, ...parameters), CLOSED, method);
  }
}

function assertStreamsUnusable({ context }: Guest, reader: InputStream, writers: readonly OutputStream[]): void {
  const results = [
    reader.read(context, 100),
    reader.readLazily?.(context, 100),
    ...writers.map((writer) => writer.write(context, Buffer.from("PWNED"))),
  ];
  for (const result of results) {
    assert.ok(result?.tag === "err" && result.val.tag === "last-operation-failed");
    const { cause } = result.val.val;
    assert.ok(cause instanceof FilesystemError && cause.code === "bad-descriptor");
  }
}

for (const [name, holding] of HOLDINGS) {
  test(`${name}: a file that was closed is not read or written by its number`, async () => {
    using place = new Playground();
    writeFileSync(join(place.inside, "file"), "inside");
    using guest = new Guest([preopen(place.inside)], holding);
    const file = await guest.opened("file", "rw");
    file[Symbol.dispose]();
    using strangers = new Strangers(place, "file");
    await assertFileUnusable(guest, file);
    strangers.assertUntouched();
  });

  test(`${name}: streams that were closed do not read or write`, async () => {
    using place = new Playground();
    writeFileSync(join(place.inside, "file"), "inside");
    using guest = new Guest([preopen(place.inside)], holding);
    const file = await guest.opened("file", "rw");
    const reader = (await guest.call("read-via-stream", file, 0n)) as InputStream;
    const writer = (await guest.call("write-via-stream", file, 0n)) as OutputStream;
    const appender = (await guest.call("append-via-stream", file)) as OutputStream;
    for (const one of [file, reader, writer, appender]) one[Symbol.dispose]();
    using strangers = new Strangers(place, "file");
    assertStreamsUnusable(guest, reader, [writer, appender]);
    strangers.assertUntouched();
  });

  test(`${name}: nothing is reached from a folder that was closed`, async () => {
    using place = new Playground();
    mkdirSync(join(place.inside, "dir"));
    using guest = new Guest([preopen(place.inside)], holding);
    const folder = await guest.opened("dir", "rdm");
    const entries = (await guest.call("read-directory", folder)) as FolderEntries;
    folder[Symbol.dispose]();
    entries[Symbol.dispose]();
    using strangers = new Strangers(place, "folder");
    const before = readdirSync(place.outside);
    await assertFolderUnusable(guest, folder);
    for (const path of ["secret", ".", "dir"]) assert.equal(await guest.open(path, "r", folder), CLOSED);
    assert.equal(await guest.open("new", "wc", folder), CLOSED);
    assert.equal(await guest.call("[method]directory-entry-stream.read-directory-entry", entries), CLOSED);
    assert.throws(() => entries.statsOf("secret"), { code: "bad-descriptor" });
    assert.deepEqual(readdirSync(place.outside), before);
    strangers.assertUntouched();
  });

  test(`${name}: a read that waits for its rate while the file is closed reads nothing`, async () => {
    using place = new Playground();
    writeFileSync(join(place.inside, "file"), "inside");
    using guest = new Guest([preopen(place.inside)], holding, { readBytesPerSecond: 20, writeBytesPerSecond: 20 });
    const file = await guest.opened("file", "rw");
    // What is owed takes half a second: however slow the machine is, the calls come before that.
    const { read, write } = guest.context.meters;
    assert.ok(read.charge(30) && write.charge(30));
    const waiting = [guest.call("read", file, 20n, 0n), guest.call("write", file, Buffer.from("PWNED"), 0n)];
    file[Symbol.dispose]();
    using strangers = new Strangers(place, "file");
    assert.deepEqual(await Promise.all(waiting), [CLOSED, CLOSED]);
    strangers.assertUntouched();
  });

  test(`${name}: a sync that is under way when its file is closed comes to its end`, async () => {
    using place = new Playground();
    using guest = new Guest([preopen(place.inside)], holding);
    const file = await guest.opened("file", "rwc");
    const syncing = [
      guest.call("sync", file),
      guest.call("sync-data", file),
      ...(process.platform === "win32" ? [] : [guest.call("sync", guest.root)]),
    ];
    file[Symbol.dispose]();
    guest.context.abort();
    using strangers = new Strangers(place, "file");
    for (const result of await Promise.all(syncing)) assert.equal(result, undefined);
    strangers.assertUntouched();
    assert.equal(guest.context.meters.openFiles.held, 0);
  });

  test(`${name}: what is open when the invocation ends is closed, and nothing is opened any more`, async () => {
    using place = new Playground();
    writeFileSync(join(place.inside, "file"), "inside");
    mkdirSync(join(place.inside, "dir"));
    using guest = new Guest([preopen(place.inside)], holding);
    const file = await guest.opened("file", "rw");
    const folder = await guest.opened("dir", "rdm");
    const entries = (await guest.call("read-directory", guest.root)) as FolderEntries;
    const reader = (await guest.call("read-via-stream", file, 0n)) as InputStream;
    const writer = (await guest.call("write-via-stream", file, 0n)) as OutputStream;
    const appender = (await guest.call("append-via-stream", file)) as OutputStream;
    await guest.call("stat-at", guest.root, FOLLOW, "dir/x");
    guest.context.abort();
    assert.equal(guest.context.meters.openFiles.held, 0);
    using strangers = new Strangers(place, "file");
    await assertFileUnusable(guest, file);
    assertStreamsUnusable(guest, reader, [writer, appender]);
    for (const one of [folder, guest.root]) {
      assert.equal(await guest.call("stat", one), CLOSED);
      assert.equal(await guest.call("create-directory-at", one, "made"), CLOSED);
      assert.equal(await guest.open("new", "wc", one), "!interrupted");
    }
    assert.equal(await guest.call("[method]directory-entry-stream.read-directory-entry", entries), CLOSED);
    assert.deepEqual(preopenedFolders(guest.context, holding), []);
    strangers.assertUntouched();
    // The guest's end lets go of all of it once more, and closes nothing of the strangers'.
    for (const one of [file, folder, entries, reader, writer, appender]) one[Symbol.dispose]();
    assert.equal(guest.context.meters.openFiles.held, 0);
  });
}

test(
  "the end of an invocation leaves none of its descriptors",
  needing(["linux"], async () => {
    using place = new Playground();
    mkdirSync(join(place.inside, "dir/nested"), { recursive: true });
    writeFileSync(join(place.inside, "dir/nested/file"), "inside");
    const before = openNumbers();
    using guest = new Guest([preopen(place.inside)]);
    for (let turn = 0; turn < 5; turn += 1) {
      const file = await guest.opened("dir/nested/file", "rw");
      const folder = await guest.opened("dir", "rd");
      await guest.call("append-via-stream", file);
      await guest.call("read-directory", folder);
    }
    assert.ok(openNumbers() > before + 20);
    guest.context.abort();
    assert.equal(openNumbers(), before);
    await guest.open("dir/nested/file");
    await guest.call("stat-at", guest.root, FOLLOW, "dir/nested/file");
    assert.equal(openNumbers(), before);
  }),
);
