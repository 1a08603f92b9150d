import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import type { OutputStream } from "../../src/host/io/streams.ts";
import { Guest, HOLDINGS, NO_FOLLOW, playgroundWithSecret, preopen } from "../support/filesystem.ts";
import { needing } from "../support/needs.ts";

for (const [name, holding] of HOLDINGS) {
  // Seen to fail with: the kind of file not checked.
  test(
    `${name}: pipes, sockets and devices are refused without being opened, and block nothing`,
    needing(["posix"], async (t) => {
      using place = playgroundWithSecret();
      execFileSync("mkfifo", [join(place.inside, "pipe")]);
      const server = createServer().listen(join(place.inside, "socket"));
      t.after(() => void server.close());
      await once(server, "listening");
      const names = ["pipe", "socket"];
      try {
        execFileSync("mknod", [join(place.inside, "null"), "c", "1", "3"], { stdio: "ignore" });
        names.push("null");
      } catch {
        // Only root makes devices.
      }
      symlinkSync("pipe", join(place.inside, "to-pipe"));
      using guest = new Guest([preopen(place.inside)], holding);
      for (const path of [...names, "to-pipe"]) {
        for (const flags of ["r", "w", "rw", "wc", "wt"]) {
          assert.equal(await guest.open(path, flags), "!not-permitted", `${path} ${flags}`);
        }
        assert.equal(await guest.open(`${path}/`, "r"), "!not-directory");
        assert.equal(await guest.open(`${path}/x`, "r"), "!not-directory");
      }
      const stat = await guest.stat("pipe");
      assert.equal(typeof stat === "object" && stat.type, "fifo");
      assert.equal(guest.context.meters.openFiles.held, 0);
    }),
  );

  // Seen to fail with: the check left out of writes, of `set-size`, of renames, of hard links; the end of the file
  // taken as 0.
  test(`${name}: no file passes the size that is granted, however it is written`, async () => {
    using place = playgroundWithSecret();
    const file = join(place.inside, "file");
    const granted = [preopen(place.inside, { maxFileBytes: 10 }), preopen(place.outside, { guest: "/big" })];
    using guest = new Guest(granted, holding);
    const big = guest.folders[1];
    using opened = await guest.opened("file", "rw");
    const { context } = guest;
    const bytes = Buffer.from("0123456789ab");
    assert.equal(await guest.call("write", opened, bytes, 0n), "!file-too-large");
    assert.equal(await guest.call("write", opened, bytes.subarray(0, 5), 6n), "!file-too-large");
    assert.equal(await guest.call("write", opened, bytes.subarray(0, 1), 2n ** 40n), "!file-too-large");
    assert.equal(await guest.call("write", opened, bytes.subarray(0, 1), 2n ** 63n), "!invalid");
    assert.equal(await guest.call("set-size", opened, 11n), "!file-too-large");
    assert.equal(await guest.call("set-size", opened, 2n ** 64n - 1n), "!file-too-large");
    using stream = (await guest.call("write-via-stream", opened, 4n)) as OutputStream;
    using appender = (await guest.call("append-via-stream", opened)) as OutputStream;
    for (const [output, length] of [
      [stream, 7],
      [appender, 5],
    ] as const) {
      const refused = output.write(context, Buffer.alloc(length));
      assert.ok(refused.tag === "err" && refused.val.tag === "last-operation-failed");
      assert.equal(await guest.call("filesystem-error-code", refused.val.val), "file-too-large");
    }
    assert.equal(readFileSync(file, "utf8"), "inside", "not a byte was written");
    // The size that counts is the one the file has by then.
    writeFileSync(file, "..", { flag: "a" });
    assert.equal(appender.write(context, Buffer.alloc(3)).tag, "err");
    assert.equal(appender.write(context, Buffer.from("yz")).tag, "ok");
    assert.equal(readFileSync(file, "utf8"), "inside..yz");
    // Nor does a larger one come in, nor a name under which it may grow.
    writeFileSync(join(place.outside, "large"), "x".repeat(11));
    assert.equal(await guest.call("rename-at", big, "large", guest.root, "large"), "!file-too-large");
    assert.equal(await guest.call("link-at", big, NO_FOLLOW, "large", guest.root, "large"), "!file-too-large");
    assert.equal(await guest.call("link-at", guest.root, NO_FOLLOW, "file", big, "grows"), "!not-permitted");
    const denied = context.observations.filter(({ result }) => result === "Denied");
    assert.ok(denied.length > 0 && denied.length < 10, "a refusal in a loop is recorded once");
  });

  // Seen to fail with: reads, writes or open files not charged.
  test(`${name}: bytes in total and open files are bounded, and the record says so once`, async () => {
    using place = playgroundWithSecret();
    const limits = { maxReadBytes: 20, maxWriteBytes: 20, maxOpenFiles: 3 };
    using guest = new Guest([preopen(place.inside)], holding, limits);
    using file = await guest.opened("file", "rw");
    assert.equal(await guest.call("write", file, Buffer.alloc(30, "w"), 0n), 20n, "as much as there is left");
    for (let index = 0; index < 3; index++) {
      assert.equal(await guest.call("write", file, Buffer.from("more"), 0n), "!quota");
    }
    using stream = (await guest.call("write-via-stream", file, 0n)) as OutputStream;
    assert.ok(stream.ready());
    const refused = stream.write(guest.context, Buffer.from("more"));
    assert.ok(refused.tag === "err" && refused.val.tag === "last-operation-failed");
    assert.equal(await guest.call("filesystem-error-code", refused.val.val), "quota");
    const [bytes] = (await guest.call("read", file, 100n, 0n)) as [Uint8Array];
    assert.equal(bytes.length, 20);
    assert.equal(await guest.call("read", file, 1n, 0n), "!quota");
    assert.equal(statSync(join(place.inside, "file")).size, 20);

    using second = await guest.opened("dir", "r");
    using third = await guest.opened("dir/x", "r");
    assert.equal(await guest.open("dir/x", "r"), "!insufficient-memory");
    assert.equal(await guest.call("read-directory", second), "!insufficient-memory");
    assert.equal(await guest.call("append-via-stream", file), "!insufficient-memory");
    third[Symbol.dispose]();
    assert.deepEqual(await guest.list(second), ["nested", "x"]);
    assert.deepEqual(
      guest.context.observations
        .filter(({ eventType }) => eventType === "PolicyViolation")
        .map(({ resource, result }) => [resource, result]),
      [
        ["maxWriteBytes", "Denied"],
        ["maxReadBytes", "Denied"],
        ["maxOpenFiles", "Denied"],
      ],
    );
  });

  // Seen to fail with: growth not charged, of `set-size` and of holes.
  test(`${name}: what a file grows by without being written is charged as if it were`, async () => {
    using place = playgroundWithSecret();
    using guest = new Guest([preopen(place.inside)], holding, { maxWriteBytes: 1_000 });
    using file = await guest.opened("file", "rw");
    const { write } = guest.context.meters;
    const sizeNow = (): number => statSync(join(place.inside, "file")).size;
    const byte = Buffer.from("x");
    assert.equal(await guest.call("set-size", file, 2n ** 40n), "!quota");
    assert.equal(await guest.call("write", file, byte, 2n ** 40n), "!quota");
    using beyond = (await guest.call("write-via-stream", file, 2n ** 40n)) as OutputStream;
    const refused = beyond.write(guest.context, byte);
    assert.ok(refused.tag === "err" && refused.val.tag === "last-operation-failed");
    assert.equal(await guest.call("filesystem-error-code", refused.val.val), "quota");
    assert.deepEqual([sizeNow(), write.used], [6, 0], "what was refused changed nothing, and cost nothing");

    assert.equal(await guest.call("set-size", file, 106n), undefined);
    assert.equal(write.used, 100);
    assert.equal(await guest.call("set-size", file, 6n), undefined);
    assert.equal(write.used, 100, "becoming smaller costs nothing");
    assert.equal(await guest.call("write", file, byte, 106n), 1n);
    assert.equal(write.used, 201, "the hole and the byte behind it");
    assert.equal(await guest.call("write", file, Buffer.alloc(0), 2n ** 40n), 0n);
    using nearby = (await guest.call("write-via-stream", file, 200n)) as OutputStream;
    assert.equal(nearby.write(guest.context, byte).tag, "ok");
    assert.deepEqual([sizeNow(), write.used], [201, 295]);
    assert.equal(await guest.call("set-size", file, 301n), undefined);
    assert.equal(await guest.call("write", file, byte, 250n), 1n);
    assert.deepEqual([sizeNow(), write.used], [301, 396], "where the file is by now there is no hole");
    // As far as the total goes, and no byte further.
    assert.equal(await guest.call("set-size", file, 906n), "!quota");
    assert.equal(await guest.call("set-size", file, 894n), undefined);
    assert.equal(write.left, 11);
    assert.equal(await guest.call("write", file, byte, 905n), "!quota");
    assert.equal(await guest.call("write", file, Buffer.from("xyz"), 903n), 2n, "what is left when the hole is paid");
    assert.deepEqual([sizeNow(), write.used], [905, 1_000]);
    assert.equal(await guest.call("set-size", file, 0n), undefined);
    assert.deepEqual(
      guest.context.observations
        .filter(({ eventType }) => eventType === "PolicyViolation")
        .map(({ resource, result }) => [resource, result]),
      [["maxWriteBytes", "Denied"]],
    );
  });

  test(`${name}: a hole that the file system refuses costs nothing`, async () => {
    using place = playgroundWithSecret();
    using guest = new Guest([preopen(place.inside)], holding, { maxWriteBytes: Number.MAX_SAFE_INTEGER });
    using file = await guest.opened("file", "rw");
    const written = await guest.call("write", file, Buffer.from("x"), 2n ** 52n);
    // Not every file system has a bound below that.
    const used = written === "!file-too-large" ? 0 : 2 ** 52 + 1 - 6;
    assert.equal(guest.context.meters.write.used, used);
  });

  test(`${name}: growth over the rate is made up for by later writes`, async () => {
    using place = playgroundWithSecret();
    using guest = new Guest([preopen(place.inside)], holding, { writeBytesPerSecond: 100 });
    using file = await guest.opened("file", "rw");
    const { write } = guest.context.meters;
    assert.equal(await guest.call("set-size", file, 1_000_006n), undefined);
    assert.equal(write.take(1), 0);
    assert.ok(write.delayMs() > 9_000_000);
  });

  // Seen to fail with: what is asked for allocated.
  test(`${name}: lengths and offsets of any size allocate what is in the file and no more`, async () => {
    using place = playgroundWithSecret();
    using guest = new Guest([preopen(place.inside)], holding);
    using file = await guest.opened("file", "rw");
    for (const length of [2n ** 64n - 1n, 2n ** 63n, 2n ** 53n + 1n, 2n ** 40n]) {
      const [bytes, end] = (await guest.call("read", file, length, 0n)) as [Uint8Array, boolean];
      assert.deepEqual([Buffer.from(bytes).toString(), bytes.buffer.byteLength, end], ["inside", 6, true]);
      assert.equal(await guest.call("advise", file, length, length, "will-need"), undefined);
    }
    assert.deepEqual(await guest.call("read", file, 0n, 0n), [Buffer.alloc(0), false]);
    assert.deepEqual(await guest.call("read", file, 1n, 2n ** 40n), [new Uint8Array(0), true]);
    for (const offset of [2n ** 63n, 2n ** 64n - 1n]) {
      for (const method of ["read-via-stream", "write-via-stream"]) {
        assert.equal(await guest.call(method, file, offset), "!invalid");
      }
      assert.equal(await guest.call("read", file, 1n, offset), "!invalid");
    }
    const small = new Guest([preopen(place.inside)], holding, { maxCrossingBytes: 4 });
    using other = await small.opened("file", "r");
    assert.deepEqual(await small.call("read", other, 100n, 0n), [Buffer.from("insi"), false]);
    small[Symbol.dispose]();
  });
}
