import assert from "node:assert/strict";
import { mkdir, readFile, realpath, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { before, test, type TestContext } from "node:test";
import { cordon, documentOf } from "../support/cli.ts";
import { bundled, temporaryFolder, testGuest } from "../support/guests.ts";
import { needing } from "../support/needs.ts";

let guest: string;
before(async () => {
  guest = await testGuest();
});

/** A folder with `a/in.txt` and `b/in.txt`. */
async function folders(context: TestContext): Promise<string> {
  const folder = await realpath(await temporaryFolder(context));
  for (const name of ["a", "b"]) {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, "in.txt"), `content of ${name}`);
  }
  return folder;
}

async function reads(folder: string, ...words: readonly string[]): Promise<number | null> {
  const { code } = await cordon(["run", ...words, "read", join(folder, "in.txt")]);
  return code;
}

test("nothing is granted by default, and a denial says what would allow it", async () => {
  const read = await cordon(["run", guest, "read", "/etc/passwd"]);
  assert.deepEqual([read.code, read.stdout], [3, ""]);
  assert.match(
    read.stderr,
    /^\[DENIED\] Component 'guest-\w+' attempted filesystem-read\.read-file\("\/etc\/passwd"\) without permission\n +.*--allow-fs-read=PATH\nerror: .*Permission denied: filesystem-read capability not granted\n$/,
  );
  const write = await cordon(["run", guest, "write", "/tmp/x", "y"]);
  assert.equal(write.code, 3);
  assert.match(
    write.stderr,
    /^\[DENIED\] .*filesystem-write\.write-file\("\/tmp\/x"\) .*\n +.*--allow-fs-write=PATH\n/,
  );
  const get = await cordon(["run", guest, "get", "http://127.0.0.1:9/"]);
  assert.equal(get.code, 3);
  assert.match(
    get.stderr,
    /^\[DENIED\] .*network\.http-get\("http:\/\/127\.0\.0\.1:9\/"\) .*\n +.*--allow-network=HOST\n/,
  );
});

test("--allow-fs-read=PATH grants that path, may be repeated, and stands before or after FILE", async (context) => {
  const folder = await folders(context);
  const [a, b] = [join(folder, "a"), join(folder, "b")];
  assert.equal(await reads(a, `--allow-fs-read=${a}`, guest), 0);
  assert.equal(await reads(a, guest, `--allow-fs-read=${a}`), 0);
  assert.equal(await reads(b, guest, `--allow-fs-read=${a}`), 3);
  assert.equal(await reads(b, `--allow-fs-read=${a}`, guest, `--allow-fs-read=${b}`), 0);
  const allowed = await cordon(["run", guest, `--allow-fs-read=${a}`, "read", join(a, "in.txt")]);
  assert.equal(allowed.stdout, "content of a\n");
  assert.match(allowed.stderr, /^\[ALLOWED\] Component 'guest-\w+' read file '.*\/a\/in\.txt' successfully\n$/);
});

test("bare --allow-fs-read means the current directory, and does not swallow FILE", async (context) => {
  const folder = await folders(context);
  const cwd = join(folder, "a");
  for (const words of [
    ["--allow-fs-read", guest, "read", "in.txt"],
    [guest, "--allow-fs-read", "read", "in.txt"],
  ]) {
    const { code, stdout } = await cordon(["run", ...words], { cwd });
    assert.deepEqual([code, stdout], [0, "content of a\n"]);
  }
  assert.equal((await cordon(["run", guest, "--allow-fs-read", "read", "../b/in.txt"], { cwd })).code, 3);
});

test("the same for --allow-fs-write, which does not include reading", async (context) => {
  const folder = await folders(context);
  const [a, b] = [join(folder, "a"), join(folder, "b")];
  assert.equal((await cordon(["run", guest, "--allow-fs-write", "write", "out.txt", "bare"], { cwd: a })).code, 0);
  assert.equal(await readFile(join(a, "out.txt"), "utf8"), "bare");
  assert.equal((await cordon(["run", guest, `--allow-fs-write=${b}`, "write", join(b, "out.txt"), "named"])).code, 0);
  assert.equal(await readFile(join(b, "out.txt"), "utf8"), "named");
  assert.equal((await cordon(["run", guest, `--allow-fs-write=${b}`, "write", join(a, "no"), "x"])).code, 3);
  assert.equal((await cordon(["run", guest, `--allow-fs-write=${b}`, "read", join(b, "in.txt")])).code, 3);
});

test("--allow-network=HOST:PORT grants that host, bare --allow-network public addresses only", async (context) => {
  const server = createServer((request, response) => response.end(`${request.method} ${request.url}`));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/path`;
  const granted = await cordon(["run", guest, `--allow-network=127.0.0.1:${port}`, "get", url]);
  assert.deepEqual([granted.code, granted.stdout], [0, "GET /path\n"]);
  assert.match(
    granted.stderr,
    /^\[ALLOWED\] Component 'guest-\w+' fetched 'http:\/\/127\.0\.0\.1:\d+\/path' successfully\n$/,
  );
  const repeated = ["--allow-network=example.com", `--allow-network=127.0.0.1:${port}`];
  assert.equal((await cordon(["run", ...repeated, guest, "post", url, "body"])).stdout, "POST /path\n");
  assert.equal((await cordon(["run", guest, `--allow-network=127.0.0.1:${port + 1}`, "get", url])).code, 3);
  assert.equal((await cordon(["run", "--allow-network", guest, "get", url])).code, 3);
});

test("a grant that makes no sense is refused with what is wrong, all of it", async () => {
  const words = ["--allow-fs-read=/no/such/folder", "--allow-network=*.example.com", "--allow-fs-write="];
  const { code, stdout, stderr } = await cordon(["run", ...words, guest, "add", "1", "2"]);
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(
    stderr,
    /^error: Cannot use the grants, 3 problems: .*path is empty.*wildcards.*"\/no\/such\/folder": no such file or folder[^\n]*\n$/,
  );
});

test("a grant's value after a space is not taken for one, and the message says how to write it", async () => {
  const { code, stderr } = await cordon(["run", guest, "--allow-fs-read", "/etc", "read", "/etc/hostname"]);
  assert.equal(code, 2);
  assert.match(stderr, /no such export.*\n\(A grant takes its value after an equals sign: --allow-fs-read=\/etc\)\n$/);
});

test("--fail-on-denied makes any denial exit with 3, also when the guest went on", async () => {
  const { code, stdout } = await cordon(["run", bundled("demo-malicious"), "--fail-on-denied"]);
  assert.match(stdout, /^BLOCKED/);
  assert.equal(code, 3);
  const spinning = [guest, "--timeout=2s", "read-then-spin", "/etc/passwd"];
  assert.equal((await cordon(["run", ...spinning])).code, 5);
  assert.equal((await cordon(["run", "--fail-on-denied", ...spinning])).code, 3);
  assert.equal((await cordon(["run", "--fail-on-denied", guest, "add", "1", "2"])).code, 0);
});

test("--audit FILE appends every access as a JSON line, and --json lists them", async (context) => {
  const folder = await folders(context);
  const audit = join(folder, "audit.jsonl");
  const run = (path: string): ReturnType<typeof cordon> =>
    cordon(["run", guest, `--allow-fs-read=${folder}`, "--audit", audit, "--json", "read", path]);
  const [first, second] = [await run(join(folder, "a/in.txt")), await run("/etc/passwd")];
  const lines = (await readFile(audit, "utf8")).trimEnd().split("\n");
  const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    events.map(({ result, action, invocation, sequence }) => [result, action, invocation, sequence]),
    [
      ["Allowed", "filesystem-read.read-file", 1, 1],
      ["Denied", "filesystem-read.read-file", 1, 1],
    ],
  );
  assert.deepEqual([documentOf(first)["events"], documentOf(second)["events"]], [[events[0]], [events[1]]]);
  assert.match(second.stderr, /^\[DENIED\]/);
  assert.equal((await stat(audit)).mode & 0o777, 0o600);
});

test(
  "a run whose record cannot be written ends, and fails",
  needing(["linux"], async () => {
    const { code, stdout, stderr } = await cordon([
      "run",
      guest,
      "--audit",
      "/dev/full",
      "read-then-spin",
      "/etc/passwd",
    ]);
    assert.deepEqual([code, stdout], [74, ""]);
    assert.match(stderr, /error: Cannot write the audit file "\/dev\/full": ENOSPC/);
  }),
);

test("an audit file that the guest may write itself is warned of", async (context) => {
  const cwd = await folders(context);
  const run = (...flags: readonly string[]): ReturnType<typeof cordon> =>
    cordon(["run", "--audit=audit.jsonl", ...flags, guest, "add", "1", "2"], { cwd });
  const warned = await run("--allow-fs-write");
  assert.deepEqual([warned.code, warned.stdout], [0, "3\n"]);
  assert.match(warned.stderr, /^warning: the guest may write the audit file itself, through --allow-fs-write=\./);
  assert.equal((await run("--allow-fs-write=a", "--allow-fs-read")).stderr, "");
});
