import assert from "node:assert/strict";
import { chmod, mkdir, readdir, writeFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { before, test } from "node:test";
import { assertNoLeftovers, cordon, cordonInShell } from "../support/cli.ts";
import { wordySkill } from "../support/cli-guests.ts";
import { bundled, temporaryFolder, testGuest, textGuest } from "../support/guests.ts";
import { needing } from "../support/needs.ts";
import { ADDING, coreFunction } from "../support/text-guests.ts";

/* What the command finds around it, and what it leaves there: caches, a home, streams that end or that the system has changed. */

let guest: string;
let tiny: string;
before(async () => {
  guest = await testGuest();
  tiny = await textGuest("adding-up", ADDING);
});

test("nothing is left behind among temporary files or in the cache", async (context) => {
  const folder = await temporaryFolder(context);
  const temporary = await temporaryFolder(context);
  const environment = { XDG_CACHE_HOME: folder, TMPDIR: temporary };
  const trapping = await textGuest("trapping", coreFunction("unreachable"));
  assert.equal((await cordon(["run", tiny, "add", "1", "2"], { environment })).code, 0);
  assert.equal((await cordon(["demo"], { environment })).code, 0);
  assert.equal((await cordon(["scan", "--code", "x = 1"], { environment })).code, 0);
  assert.equal((await cordon(["run", trapping, "f"], { environment })).code, 4);
  assert.deepEqual(await readdir(temporary), []);
  assert.deepEqual((await readdir(join(folder, "cordon"))).sort(), ["artifacts", "code"]);
  await assertNoLeftovers(folder);
});

test("compiled code is kept for worker threads too, and only where nobody else can write", async (context) => {
  const kept = async (
    prepare: (code: string) => Promise<unknown>,
    call: readonly string[],
  ): Promise<readonly string[]> => {
    const folder = await temporaryFolder(context);
    const code = join(folder, "cordon/code");
    await prepare(code);
    const environment = { XDG_CACHE_HOME: folder };
    assert.equal((await cordon(["run", ...call], { environment })).code, 0);
    return (await readdir(code, { recursive: true, withFileTypes: true }))
      .filter((found) => found.isFile())
      .map(({ parentPath }) => relative(code, parentPath));
  };
  // That of a worker thread lies in a folder within the one of the thread that started it.
  const folders = new Set(await kept(() => Promise.resolve(), [tiny, "add", "1", "2"]));
  const depths = new Set([...folders].map((path) => path.split(sep).length));
  assert.deepEqual(depths, new Set([1, 2]));
  // The folder itself, and one above it, in which another could be put in its place.
  for (const open of [".", ".."]) {
    const prepare = async (code: string): Promise<void> => {
      await mkdir(code, { recursive: true });
      await chmod(join(code, open), 0o777);
    };
    assert.deepEqual(await kept(prepare, [tiny, "add", "2", "3"]), [], open);
  }
});

// Seen to fail: in /proc the command span for ever, where Node makes folders recursively.
test("a home or a cache that cannot be used costs the cache alone, and doctor says which", async (context) => {
  const folder = await temporaryFolder(context);
  await writeFile(join(folder, "file"), "");
  const unusable: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
    [{ XDG_CACHE_HOME: "/proc" }, /"\/proc\/cordon\/artifacts" cannot be made .*ENOENT/u],
    [{ XDG_CACHE_HOME: "/proc/self" }, /"\/proc\/self\/cordon\/artifacts" cannot be made/u],
    [{ XDG_CACHE_HOME: "", HOME: "/proc" }, /"\/proc\/\.cache\/cordon\/artifacts" cannot be made/u],
    [{ XDG_CACHE_HOME: "relative", HOME: "also-relative" }, /this user has no home/u],
    [{ XDG_CACHE_HOME: "/dev/null" }, /"\/dev\/null" is not a folder/u],
    [{ XDG_CACHE_HOME: "/sys" }, /"\/sys\/cordon\/artifacts" cannot be made/u],
    [{ XDG_CACHE_HOME: join(folder, "file") }, /file" is not a folder/u],
    [{ XDG_CACHE_HOME: `/${"n".repeat(5_000)}` }, /is longer than/u],
  ];
  const tried = process.platform === "linux" ? unusable : [];
  const seen = await Promise.all(tried.map(async ([environment]) => cordon(["doctor"], { environment })));
  for (const [index, { code, stdout }] of seen.entries()) {
    assert.equal(code, 0);
    assert.match(stdout, tried[index]?.[1] ?? /never/u);
  }
  const environment = { XDG_CACHE_HOME: "", HOME: "/proc" };
  assert.equal((await cordon(["run", tiny, "add", "2", "3"], { environment })).stdout, "5\n");
});

test("a reader that leaves early is no failure", async () => {
  const wordy = await wordySkill();
  const { stdout, stderr, code } = await cordonInShell(`"$@" | head -n 1; exit "\${PIPESTATUS[0]}"`, ["run", wordy]);
  assert.deepEqual({ stdout, stderr, code }, { stdout: "line\n", stderr: "", code: 0 });
  const both = await cordonInShell(`"$@" 2>&1 >/dev/null | true; exit "\${PIPESTATUS[0]}"`, [
    "run",
    guest,
    "check",
    "--",
    "-1",
  ]);
  assert.equal(both.code, 1);
});

test(
  "what the system would have changed or emptied without a word is refused",
  needing(["linux"], async () => {
    const folder = await cordonInShell('exec "$@" </', ["run", "--stdin", guest, "add", "1", "2"]);
    assert.deepEqual([folder.code, folder.stderr.includes("it is a folder")], [2, true], folder.stderr);
    const odd = await cordonInShell('exec "$@" "$(printf "a\\351")"', ["run", guest, "add", "1"]);
    assert.deepEqual([odd.code, odd.stderr.includes("is not UTF-8")], [2, true], odd.stderr);
  }),
);

test(
  "output that is lost is a failure",
  needing(["linux"], async () => {
    const { stderr, code } = await cordonInShell('exec "$@" >/dev/full', ["run", guest, "add", "1", "2"]);
    assert.deepEqual([code, stderr], [74, "error: Cannot write the output: ENOSPC\n"]);
    const audited = await cordonInShell('exec "$@"', ["run", "--audit", "/dev/full", bundled("demo-trusted")]);
    assert.deepEqual([audited.code, audited.stderr.includes("Cannot write the audit file")], [74, true]);
    assert.equal((await cordonInShell('exec "$@" >&- 2>&-', ["run", guest, "add", "1", "2"])).code, 0);
  }),
);

test("it runs without a home, a cache or a terminal, and with none of the environment", async () => {
  const bare = 'exec env -i "$@"';
  assert.equal((await cordonInShell(bare, ["inspect", guest, "--json"])).code, 0);
  const unusable = { XDG_CACHE_HOME: "/dev/null/cache" };
  assert.equal((await cordon(["run", guest, "add", "1", "2"], { environment: unusable })).stdout, "3\n");
});
