import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { type Playground, playgroundWithSecret } from "../support/filesystem.ts";
import { type Probe, probe } from "../support/probe.ts";
import { needing } from "../support/needs.ts";

/*
 * What a guest may try to leave the folder it was given, by the public API. Disposing of a probe makes one more call that must
 * work. Each case was seen to fail with the weakening that its comment names.
 */

/** A guest that may do everything in the inner folder. */
function guestIn({ inside }: Playground): Promise<Probe> {
  return probe({ filesystem: { preopens: [`${inside}::/:rw`], create: true, delete: true } });
}

function outsideIsIntact({ outside }: Playground): void {
  assert.deepEqual(readdirSync(outside).toSorted(), ["O", "folder"]);
  assert.deepEqual(readdirSync(join(outside, "folder")), []);
  assert.equal(statSync(join(outside, "O")).nlink, 1);
  assert.equal(readFileSync(join(outside, "O"), "utf8"), "SECRET");
}

// Weakening, each alone: `Walk` lets `..` leave the folder it starts from; takes an absolute path for one from the host's root; cuts
// a path at its NUL.
test("paths that lead out, are empty or hold NUL open nothing, whatever function they are given to", async () => {
  using place = playgroundWithSecret();
  await using guest = await guestIn(place);
  const answers = await guest.run(
    ({ folders, everyWay }, paths) => paths.map((path) => everyWay(folders()[0], path)),
    [
      "../outside/O",
      "..",
      "dir/../../outside/O",
      "missing/../../outside/O",
      "/etc/passwd",
      "/",
      "//",
      "/proc/self/root/etc/passwd",
      join(place.outside, "O"),
      join(place.inside, "file"),
    ],
  );
  for (const each of answers)
    assert.ok(
      each.every((one) => /^!(?:not-permitted|no-entry)$/u.test(one)),
      each.join(),
    );
  for (const path of ["", "\0", "file\0", "dir/\0/x", "file\0/../../outside/O"]) {
    const all = await guest.run(({ folders, everyWay }, given) => everyWay(folders()[0], given), path);
    assert.deepEqual(all, ["!invalid"], JSON.stringify(path));
  }
  assert.equal(await guest.run(({ folders, read }) => read(folders()[0], "file")), "inside", "and it works inside");
  outsideIsIntact(place);
  assert.deepEqual(readdirSync(place.inside).toSorted(), ["dir", "file"]);
});

// Weakening: `Walk` refuses every `..`.
test("dots and slashes that stay inside work", async () => {
  using place = playgroundWithSecret();
  await using guest = await guestIn(place);
  const texts = await guest.run(
    ({ folders, read }, paths) => paths.map((path) => read(folders()[0], path)),
    ["dir/.//nested/../../dir/x", "./dir/x", "dir/nested/../x", "dir///x"],
  );
  assert.deepEqual(texts, ["inside x", "inside x", "inside x", "inside x"]);
});

// Weakening, each alone: `FolderByDescriptor.look`, and `enter`, without O_NOFOLLOW.
test("links that a guest makes lead nowhere outside, whatever is done through them", async () => {
  using place = playgroundWithSecret();
  // Made by the host, since no guest can.
  symlinkSync("/", join(place.inside, "to-root"));
  symlinkSync(join(place.outside, "O"), join(place.inside, "to-file-absolute"));
  await using guest = await guestIn(place);
  const made = await guest.run(
    ({ folders, call }, links) => links.map(([target, path]) => call(folders()[0], "symlinkAt", target, path)),
    [
      ["/", "absolute"],
      [place.outside, "absolute"],
      ["../outside/O", "to-file"],
      ["../outside", "to-folder"],
      ["..", "up"],
      ["up/outside", "through-up"],
      ["dir/../../outside", "twisted"],
    ] as const,
  );
  assert.deepEqual(made, ["!not-permitted", "!not-permitted", "ok", "ok", "ok", "ok", "ok"]);
  for (const path of [
    "to-folder/O",
    "to-folder/new",
    "to-folder/folder",
    "to-folder/../inside/file",
    "up/outside/O",
    "twisted/O",
    "through-up/O",
    "to-root/etc/passwd",
  ]) {
    const all = await guest.run(({ folders, everyWay }, given) => everyWay(folders()[0], given), path);
    assert.deepEqual(all, ["!not-permitted"], path);
  }
  for (const path of ["to-file", "to-folder", "up", "to-root", "to-file-absolute"]) {
    const through = await guest.run(({ folders, open, call }, given) => {
      const [root] = folders();
      const follow = { symlinkFollow: true };
      return [
        ...["r", "rw", "rwc", "wt", "rd"].map((flags) => open(root, given, flags)),
        call(root, "statAt", follow, given),
        call(root, "setTimesAt", follow, given, { tag: "now" }, { tag: "now" }),
      ];
    }, path);
    assert.deepEqual(new Set(through), new Set(["!not-permitted"]), path);
  }
  // A hard link to a link, moving a link and removing it are about the link itself.
  const last = await guest.run(({ folders, call, read }) => {
    const [root] = folders();
    return [
      call(root, "linkAt", { symlinkFollow: true }, "to-file", root, "taken"),
      call(root, "linkAt", { symlinkFollow: false }, "to-file", root, "second"),
      call(root, "renameAt", "second", root, "dir/third"),
      read(root, "dir/third"),
      call(root, "unlinkFileAt", "to-file"),
    ];
  });
  assert.deepEqual(last, ["!invalid", "ok", "ok", "!no-entry", "ok"]);
  outsideIsIntact(place);
});

// Weakening: `FolderByDescriptor` goes by the path that the folder had when it was opened.
test(
  "the descriptor of a folder that was moved away and replaced by a link stays inside",
  needing(["linux"], async () => {
    using place = playgroundWithSecret();
    mkdirSync(join(place.outside, "folder/nested"));
    writeFileSync(join(place.outside, "folder/x"), "SECRET");
    await using guest = await guestIn(place);
    const answers = await guest.run(({ folders, open, call, read, put, list }) => {
      const [root] = folders();
      const dir = open(root, "dir", "rm");
      return [
        call(root, "renameAt", "dir", root, "away"),
        call(root, "symlinkAt", "../outside/folder", "dir"),
        read(dir, "x"),
        put(dir, "new", "text", "wc"),
        list(dir),
        call(dir, "createDirectoryAt", "made"),
        call(dir, "unlinkFileAt", "x"),
        read(root, "dir/x"),
        read(dir, "../file"),
      ];
    });
    assert.deepEqual(answers, [
      "ok",
      "ok",
      "inside x",
      "ok",
      ["nested", "new", "x"],
      "ok",
      "ok",
      "!not-permitted",
      "!not-permitted",
    ]);
    assert.deepEqual(readdirSync(join(place.inside, "away")).toSorted(), ["made", "nested", "new"]);
    assert.deepEqual(readdirSync(join(place.outside, "folder")).toSorted(), ["nested", "x"]);
  }),
);

// Weakening: `Walk` drops the slashes at a path's end.
test("a slash at the end of a file or a link makes it no folder, and no link is followed for it", async () => {
  using place = playgroundWithSecret();
  mkdirSync(join(place.inside, "empty"));
  for (const [target, path] of [
    ["file", "to-file"],
    ["dir", "to-dir"],
    ["empty", "to-empty"],
    ["../outside/folder", "to-outside"],
  ] as const) {
    symlinkSync(target, join(place.inside, path));
  }
  await using guest = await guestIn(place);
  for (const path of ["file/", "to-file/", "to-dir/", "to-empty/", "to-outside/", "file///"]) {
    const answers = await guest.run(({ folders, call, open }, given) => {
      const [root] = folders();
      return [
        call(root, "unlinkFileAt", given),
        call(root, "removeDirectoryAt", given),
        call(root, "renameAt", given, root, "new"),
        call(root, "renameAt", "dir/x", root, given),
        open(root, given, "rn"),
      ];
    }, path);
    assert.deepEqual(new Set(answers), new Set(["!not-directory"]), path);
  }
  const opened = await guest.run(
    ({ folders, open }, paths) => paths.map((path) => open(folders()[0], path)),
    ["file/", "to-file/", "to-outside/"],
  );
  assert.deepEqual(opened, ["!not-directory", "!not-directory", "!not-permitted"]);
  outsideIsIntact(place);
  assert.ok(existsSync(join(place.inside, "empty")) && existsSync(join(place.inside, "dir/x")));
});

// Weakening: MAX_LINKS is 41.
test("a link to itself and a chain of 41 are a loop, 40 are not", async () => {
  using place = playgroundWithSecret();
  await using guest = await guestIn(place);
  const answers = await guest.run(({ folders, call, open, read }) => {
    const [root] = folders();
    call(root, "symlinkAt", "self", "self");
    call(root, "symlinkAt", "mutual-b", "mutual-a");
    call(root, "symlinkAt", "mutual-a", "mutual-b");
    for (let index = 1; index <= 41; index += 1) {
      call(root, "symlinkAt", index === 1 ? "dir" : `chain${index - 1}`, `chain${index}`);
    }
    const loops = ["self", "self/x", "mutual-a/x", "chain41", "chain41/x", "chain21/../chain20/x"];
    return [...loops.map((path) => open(root, path)), read(root, "chain40/x")];
  });
  assert.deepEqual(answers, [...Array.from({ length: 6 }, () => "!loop"), "inside x"]);
});

// Weakening: `open-at` opens what is no file as it does files; and, for the pipe to hold the worker, without O_NONBLOCK.
test(
  "pipes, sockets and devices are refused, and hold up nobody",
  { timeout: 60_000 },
  needing(["posix"], async () => {
    using place = playgroundWithSecret();
    execFileSync("mkfifo", [join(place.inside, "pipe")]);
    symlinkSync("pipe", join(place.inside, "to-pipe"));
    const server = createServer().listen(join(place.inside, "socket"));
    await once(server, "listening");
    const paths = ["pipe", "to-pipe", "socket"];
    try {
      execFileSync("mknod", [join(place.inside, "zero"), "c", "1", "5"], { stdio: "ignore" });
      paths.push("zero");
    } catch {
      // Only root makes devices.
    }
    try {
      await using guest = await guestIn(place);
      const answers = await guest.run(
        ({ folders, open }, given) =>
          given.flatMap((path) => ["r", "w", "rw", "wc", "wt", "rn"].map((flags) => open(folders()[0], path, flags))),
        paths.filter((path) => path !== "to-pipe"),
      );
      assert.deepEqual(new Set(answers), new Set(["!not-permitted"]));
      assert.equal(await guest.run(({ folders, open }) => open(folders()[0], "to-pipe")), "!not-permitted");
      const type = await guest.run(({ folders, call }) =>
        Reflect.get(call(folders()[0], "statAt", { symlinkFollow: true }, "pipe") as object, "type"),
      );
      assert.equal(type, "fifo", "it may know what they are");
    } finally {
      server.close();
    }
  }),
);
