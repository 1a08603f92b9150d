import assert from "node:assert/strict";
import { lstatSync, mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { failsWith } from "../support/errors.ts";
import { playgroundWithSecret } from "../support/filesystem.ts";
import { probe } from "../support/probe.ts";

/*
 * What a guest may try to do more in its folder than was granted, by the public API. Each case was seen to fail with the
 * weakening that its comment names.
 */

// Weakening: `changeProblem` does not check `write` and preopened folders are opened for changes; for the second half,
// `requireChange` does not check `mutateDirectory`.
test("nothing changes in a folder for reading, nor through a descriptor without mutate-directory", async () => {
  using place = playgroundWithSecret();
  mkdirSync(join(place.base, "writable"));
  writeFileSync(join(place.base, "writable/file"), "w");
  const preopens = [`${place.inside}::/ro:ro`, `${place.base}/writable::/rw:rw`];
  await using guest = await probe({ filesystem: { preopens, create: true, delete: true } });
  const before = lstatSync(join(place.inside, "file"), { bigint: true });
  const answers = await guest.run(({ folders, open, call, bytes }) => {
    const [ro, rw] = folders();
    const now = { tag: "now" };
    const file = open(ro, "file");
    const through = (base: unknown, path: string): readonly unknown[] => [
      ...["w", "rw", "rt", "rc"].map((flags) => open(base, path, flags)),
      open(base, "new", "wcx"),
      open(base, ".", "m"),
      call(base, "setTimes", now, now),
      call(base, "setTimesAt", { symlinkFollow: true }, path, now, now),
      call(base, "createDirectoryAt", "new"),
      call(base, "unlinkFileAt", path),
      call(base, "symlinkAt", "x", "new"),
      call(base, "linkAt", { symlinkFollow: false }, path, rw, "new"),
      call(rw, "linkAt", { symlinkFollow: false }, "file", base, "new"),
      call(base, "renameAt", path, rw, "new"),
      call(rw, "renameAt", "file", base, path),
    ];
    return {
      readOnly: [...through(ro, "file"), ...through(open(ro, "dir"), "x"), call(file, "setTimes", now, now)],
      file: [
        call(file, "write", bytes("x"), 0),
        call(file, "setSize", 0),
        call(file, "writeViaStream", 0),
        call(file, "appendViaStream"),
      ],
    };
  });
  assert.deepEqual(new Set(answers.readOnly), new Set(["!read-only"]));
  assert.deepEqual(new Set(answers.file), new Set(["!bad-descriptor"]));
  const after = lstatSync(join(place.inside, "file"), { bigint: true });
  assert.deepEqual([after.mtimeNs, after.ctimeNs, after.nlink], [before.mtimeNs, before.ctimeNs, before.nlink]);
  assert.equal(readFileSync(join(place.inside, "file"), "utf8"), "inside");
  assert.deepEqual(readdirSync(place.inside).toSorted(), ["dir", "file"]);

  const refused = await guest.run(({ folders, open, call, put }) => {
    const rw = folders()[1];
    call(rw, "createDirectoryAt", "sub");
    put(rw, "sub/x", "x");
    const sub = open(rw, "sub", "r");
    return [
      open(sub, "x", "rw"),
      open(sub, "x", "rt"),
      open(sub, "new", "wc"),
      open(sub, ".", "rm"),
      call(sub, "unlinkFileAt", "x"),
      call(sub, "renameAt", "x", rw, "x"),
      call(sub, "createDirectoryAt", "new"),
      call(rw, "renameAt", "file", sub, "file"),
    ];
  });
  assert.deepEqual(new Set(refused), new Set(["!read-only"]));
  assert.deepEqual(readdirSync(join(place.base, "writable/sub")), ["x"]);
});

// Weakening: `changeProblem` does not check `create`; and, for the second half, not at `delete`.
test("nothing is made without create, and nothing removed without delete", async () => {
  using place = playgroundWithSecret();
  mkdirSync(join(place.inside, "empty"));
  const preopens = [`${place.inside}::/:rw`];
  await using writer = await probe({ filesystem: { preopens } });
  const making = await writer.run(({ folders, call, put }) => {
    const [root] = folders();
    return [
      put(root, "new", "x", "wc"),
      put(root, "new", "x", "wcx"),
      call(root, "createDirectoryAt", "new"),
      call(root, "symlinkAt", "x", "new"),
      call(root, "linkAt", { symlinkFollow: false }, "file", root, "new"),
      call(root, "renameAt", "file", root, "new"),
    ];
  });
  assert.deepEqual(new Set(making), new Set(["!not-permitted"]));
  assert.equal(await writer.run(({ folders, put }) => put(folders()[0], "file", "changed")), "ok");
  assert.equal(writer.usage?.writtenBytes, 7);

  await using creator = await probe({ filesystem: { preopens, create: true } });
  const removing = await creator.run(({ folders, call, put }) => {
    const [root] = folders();
    put(root, "new", "new");
    return [
      call(root, "unlinkFileAt", "file"),
      call(root, "removeDirectoryAt", "empty"),
      call(root, "renameAt", "file", root, "moved"),
      call(root, "renameAt", "new", root, "file"),
    ];
  });
  assert.deepEqual(new Set(removing), new Set(["!not-permitted"]));
  assert.deepEqual(readdirSync(place.inside).toSorted(), ["dir", "empty", "file", "new"]);
  assert.equal(creator.usage?.denials, 4);
});

// Weakening, each alone: `writePart` and `checkSize` do not check `maxFileBytes`.
test("no file passes the size that is granted, however it is written", async () => {
  using place = playgroundWithSecret();
  const preopens = [{ host: place.inside, guest: "/", write: true, create: true, maxFileBytes: 10 }];
  await using guest = await probe({ filesystem: { preopens } });
  const answers = await guest.run(({ wasi, folders, open, call, put, bytes }) => {
    const [root] = folders();
    const file = open(root, "file", "rw");
    const streamed = (stream: unknown, length: number): unknown => {
      try {
        (stream as { blockingWriteAndFlush: (part: Uint8Array) => void }).blockingWriteAndFlush(new Uint8Array(length));
        return "ok";
      } catch (error) {
        const { payload } = error as { payload: { val: unknown } };
        return `!${String(call(wasi["filesystem"], "filesystemErrorCode", payload.val))}`;
      }
    };
    return [
      put(root, "new", "0123456789a"),
      call(file, "write", bytes("0123456789a"), 0),
      call(file, "write", bytes("x"), 10),
      call(file, "write", bytes("x"), 2 ** 40),
      call(file, "setSize", 11),
      call(file, "setSize", 2 ** 63),
      streamed(call(file, "writeViaStream", 4), 7),
      streamed(call(file, "appendViaStream"), 5),
      put(root, "new", "0123456789"),
    ];
  });
  assert.deepEqual(answers, [...Array.from({ length: 8 }, () => "!file-too-large"), "ok"]);
  assert.equal(readFileSync(join(place.inside, "file"), "utf8"), "inside");
  assert.equal(statSync(join(place.inside, "new")).size, 10);
});

// Weakening: `takeBytes` grants whatever it is asked for.
test("bytes written and read in all are bounded, usage says how many, and the next call has its own", async () => {
  using place = playgroundWithSecret();
  const filesystem = { preopens: [`${place.inside}::/:rw`], create: true };
  await using guest = await probe({ filesystem }, { maxWriteBytes: 1_000, maxReadBytes: 500 });
  for (const name of ["first", "second"]) {
    const answers = await guest.run(({ folders, open, call }, path) => {
      const file = open(folders()[0], path, "rwc");
      const part = new Uint8Array(300);
      const writes = [0, 300, 600, 900, 1200].map((at) => call(file, "write", part, at));
      const read = (length: number): unknown => {
        const answer = call(file, "read", length, 0);
        return typeof answer === "string" ? answer : (answer as [Uint8Array])[0].length;
      };
      return [...writes, read(400), read(400), read(400)];
    }, name);
    assert.deepEqual(answers, [300, 300, 300, 100, "!quota", 400, 100, "!quota"]);
    assert.equal(statSync(join(place.inside, name)).size, 1_000);
    assert.deepEqual([guest.usage?.writtenBytes, guest.usage?.readBytes], [1_000, 500]);
  }
  const violations = guest.events.filter(({ eventType }) => eventType === "PolicyViolation");
  assert.deepEqual(
    violations.map(({ invocation, resource }) => [invocation, resource]),
    [
      [1, "maxWriteBytes"],
      [1, "maxReadBytes"],
      [2, "maxWriteBytes"],
      [2, "maxReadBytes"],
    ],
    "each is recorded once",
  );
});

// Weakening: `takeOpenFile` takes nothing from its meter.
test("open files are bounded, and closing them makes room", async () => {
  using place = playgroundWithSecret();
  await using guest = await probe({ filesystem: { preopens: [`${place.inside}::/`] } }, { maxOpenFiles: 5 });
  const counts = await guest.run(({ folders, open, call, drop }) => {
    const [root] = folders();
    return [1, 2, 3].map(() => {
      const held: unknown[] = [];
      for (;;) {
        const way = held.length % 3;
        const one = way === 0 ? open(root, "file") : way === 1 ? open(root, "dir") : call(root, "readDirectory");
        if (typeof one === "string") break;
        held.push(one);
        if (held.length > 100) break;
      }
      drop(...held);
      return held.length;
    });
  });
  assert.deepEqual(counts, [5, 5, 5]);
  assert.deepEqual(
    guest.events.filter(({ eventType }) => eventType === "PolicyViolation").map(({ resource }) => resource),
    ["maxOpenFiles"],
  );
});

// Weakening, each alone: `readPart` allocates the length it is asked for, or what is in the file whatever may cross.
test("lengths and offsets of any size cost what is in the file", async () => {
  using place = playgroundWithSecret();
  const huge = join(place.inside, "huge");
  writeFileSync(huge, "");
  truncateSync(huge, 2 ** 40);
  const limits = { maxCrossingBytes: 1024 * 1024, maxReadBytes: 8 * 1024 * 1024 };
  await using guest = await probe({ filesystem: { preopens: [`${place.inside}::/`] } }, limits);
  const before = process.memoryUsage.rss();
  const answers = await guest.run(({ folders, open, call }) => {
    const [root] = folders();
    const [file, sparse] = [open(root, "file"), open(root, "huge")];
    const read = (of: unknown, length: number, offset: number): unknown => {
      const answer = call(of, "read", length, offset);
      return typeof answer === "string" ? answer : (answer as [Uint8Array])[0].length;
    };
    // The nearest number below 2^64 that this engine has for 2^64-1 is 2^64, which becomes the largest u64 there is.
    return [
      ...[2 ** 64, 2 ** 63, 2 ** 40].map((length) => read(file, length, 0)),
      ...[2 ** 63, 2 ** 64].map((offset) => read(file, 1, offset)),
      ...[2 ** 63, 2 ** 64].map((offset) => call(file, "readViaStream", offset)),
      read(file, 1, 2 ** 40),
      read(sparse, 2 ** 64, 0),
    ];
  });
  assert.deepEqual(answers, [6, 6, 6, "!invalid", "!invalid", "!invalid", "!invalid", 0, 1024 * 1024]);
  assert.equal(guest.usage?.readBytes, 18 + 1024 * 1024);
  assert.ok(process.memoryUsage.rss() - before < 256 * 1024 * 1024);
});

// Weakening: what crosses is not charged to `maxCrossingBytes` (the realm's `slice` copies what it is told).
test("a write of all of memory is bounded by what may cross", async () => {
  using place = playgroundWithSecret();
  const filesystem = { preopens: [`${place.inside}::/:rw`] };
  await using guest = await probe({ filesystem }, { maxCrossingBytes: 1024 * 1024 });
  const write = guest.run(({ folders, open, call }) =>
    call(open(folders()[0], "file", "w"), "write", new Uint8Array(32 * 1024 * 1024), 0),
  );
  await failsWith("limit", /./u, write);
  assert.equal(readFileSync(join(place.inside, "file"), "utf8"), "inside");
});
