import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { mkdir, symlink } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { guestStackBytes } from "../../src/runtime/guest-stack.ts";
import type { SandboxOptions } from "../../src/sandbox/options/sandbox-options.ts";
import { Sandbox } from "../../src/sandbox/sandbox.ts";
import { cGuest } from "../support/compiled-guests.ts";
import { needing } from "../support/needs.ts";
import { failsWith } from "../support/errors.ts";
import { temporaryFolder, TEST_CACHE, textGuest } from "../support/guests.ts";
import { preview1Program } from "../support/preview1-programs.ts";

const ERRNO = { success: 0, badf: 8, ilseq: 25, inval: 28, nametoolong: 37, noent: 44, notsock: 57 } as const;

async function open(text: string, options: SandboxOptions = {}): Promise<Sandbox> {
  return Sandbox.open(await textGuest("preview1", text), { cache: TEST_CACHE, ...options });
}

/** What a program writes to stdout. */
async function outputOf(text: string, options: SandboxOptions = {}, programArguments: string[] = []): Promise<Buffer> {
  await using sandbox = await open(text, options);
  const { stdout } = await sandbox.execute(programArguments);
  return Buffer.from(stdout);
}

/** Writes the texts that one of the pairs of functions gives, each with the NUL behind it. */
const printed = (what: "args" | "environ"): string =>
  preview1Program(
    `(drop (call $${what}_sizes_get (i32.const 1024) (i32.const 1028)))
     (drop (call $${what}_get (i32.const 2048) (i32.const 65536)))
     (call $say (i32.const 65536) (i32.load (i32.const 1028)))`,
    { pages: "8" },
  );

async function folder(context: TestContext, names: readonly string[] = []): Promise<string> {
  const path = join(await temporaryFolder(context), "folder");
  await mkdir(path);
  for (const name of names) writeFileSync(join(path, name), "");
  return path;
}

describe("what a program of preview 1 is given", () => {
  test("variables, empty ones among them, each by itself", async () => {
    const grants = { environment: { set: { DEBUG: "", SECRET: "x", EQUALS: "a=b" } } };
    assert.equal((await outputOf(printed("environ"), { grants })).toString(), "DEBUG=\0SECRET=x\0EQUALS=a=b\0");
    assert.equal((await outputOf(printed("environ"))).toString(), "");
  });

  test("arguments of any length", async () => {
    const long = "é".repeat(100_000);
    assert.equal((await outputOf(printed("args"), { name: "p" }, [long, "", "b"])).toString(), `p\0${long}\0\0b\0`);
  });

  test("memory of its own: no page of it is the host's, and none beyond it can be reached", async () => {
    const size = preview1Program("(call $report (memory.size)) (call $report (memory.grow (i32.const 0)))");
    await using sandbox = await open(size);
    const { stdout, usage } = await sandbox.execute();
    assert.deepEqual([[...stdout], usage.memoryHighWaterBytes], [[1, 1], 65_536 + guestStackBytes()]);
    for (const access of [
      "(drop (i32.load (i32.const 65536)))",
      "(i32.store8 (i32.const 65536) (i32.const 1))",
      "(drop (i32.load8_u (i32.const 0x7fffffff)))",
    ]) {
      await failsWith("trap", /memory access out of bounds/, outputOf(preview1Program(access)));
    }
  });

  test("a stack that ends: calls without end trap", async () => {
    const deep = preview1Program("(drop (call $deep (i32.const 1)))", {
      fields: `(func $deep (param i32) (result i32) (i32.add (call $deep (local.get 0)) (local.get 0)))`,
    });
    await failsWith("trap", /call stack/, outputOf(deep, { limits: { timeoutMs: 20_000 } }));
  });
});

test("an exit status is what POSIX makes of it", async () => {
  for (const [given, status] of [
    [0, 0],
    [7, 7],
    [255, 255],
    [256, 0],
    [-1, 255],
    [0x7fffff81, 0x81],
  ] as const) {
    await using sandbox = await open(preview1Program(`(call $proc_exit (i32.const ${given}))`));
    assert.equal((await sandbox.execute()).exitCode, status);
  }
});

test("calls of sockets on what is none fail with notsock", async (context) => {
  const host = await folder(context, ["file"]);
  const calls = (fd: string): string => `
    (call $report (call $sock_accept ${fd} (i32.const 0) (i32.const 1100)))
    (call $report (call $sock_recv ${fd} (i32.const 1200) (i32.const 1) (i32.const 0) (i32.const 1100) (i32.const 1104)))
    (call $report (call $sock_send ${fd} (i32.const 1200) (i32.const 1) (i32.const 0) (i32.const 1100)))
    (call $report (call $sock_shutdown ${fd} (i32.const 1)))`;
  const program = preview1Program(
    `(call $report (call $path_open (i32.const 3) (i32.const 0) (i32.const 1024) (i32.const 4) (i32.const 0)
       (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 1300)))
     ${calls("(i32.load (i32.const 1300))")} ${calls("(i32.const 0)")} ${calls("(i32.const 3)")} ${calls("(i32.const 99)")}`,
    { fields: '(data (i32.const 1024) "file")' },
  );
  const { success, notsock, badf } = ERRNO;
  const of = (errno: number): number[] => [errno, errno, errno, errno];
  const output = await outputOf(program, { grants: { filesystem: { preopens: [{ host, guest: "/" }] } } });
  assert.deepEqual([...output], [success, ...of(notsock), ...of(notsock), ...of(notsock), ...of(badf)]);
});

test("a path that is none fails with an errno", async (context) => {
  const host = await folder(context, ["file"]);
  const stat = (at: number, length: number): string =>
    `(call $report (call $path_filestat_get (i32.const 3) (i32.const 0) (i32.const ${at}) (i32.const ${length}) (i32.const 2048)))`;
  const program = preview1Program(
    [stat(1024, 4), stat(1032, 4), stat(1040, 4), stat(1048, 4), stat(1024, 0), stat(4096, 8192)].join("\n"),
    {
      fields:
        '(data (i32.const 1024) "file") (data (i32.const 1032) "fi\\fffe") (data (i32.const 1040) "fil\\c3") (data (i32.const 1048) "no\\00e")',
    },
  );
  const output = await outputOf(program, { grants: { filesystem: { preopens: [{ host, guest: "/" }] } } });
  const { success, ilseq, inval, nametoolong } = ERRNO;
  assert.deepEqual([...output], [success, ilseq, ilseq, inval, inval, nametoolong]);
});

test("addresses above 2 GiB are addresses like others", async () => {
  // 3 GiB of addresses, of which three pages are ever touched.
  const text = "up there";
  const program = preview1Program(
    `(memory.init $text (i32.const 0xb0000000) (i32.const 0) (i32.const ${text.length}))
     (i32.store (i32.const 0xb0001000) (i32.const 0xb0000000))
     (i32.store (i32.const 0xb0001004) (i32.const ${text.length}))
     (call $report (call $fd_write (i32.const 1) (i32.const 0xb0001000) (i32.const 1) (i32.const 0xb0002000)))
     (call $report (i32.load (i32.const 0xb0002000)))
     (call $report (call $random_get (i32.const 0xb0003000) (i32.const 16)))`,
    { pages: "49152", fields: `(data $text "${text}")` },
  );
  const output = await outputOf(program, { limits: { memoryBytes: 4 * 2 ** 30 } });
  assert.deepEqual(output, Buffer.concat([Buffer.from(text), Buffer.of(0, text.length, 0)]));
});

test("output is seen in the order in which it was written, whichever stream it went to", async () => {
  const write = (fd: number, at: number): string =>
    `(i32.store (i32.const 1100) (i32.const ${at})) (i32.store (i32.const 1104) (i32.const 1))
     (drop (call $fd_write (i32.const ${fd}) (i32.const 1100) (i32.const 1) (i32.const 1108)))`;
  const writes = [...Array(8).keys()].map((index) => write(index % 3 === 2 ? 2 : 1, 1024 + index));
  await using sandbox = await open(
    preview1Program(writes.join("\n"), { fields: '(data (i32.const 1024) "abcdefgh")' }),
  );
  let seen = "";
  const slowly = async (chunk: Uint8Array): Promise<void> => {
    await new Promise(setImmediate);
    seen += Buffer.from(chunk).toString();
  };
  await sandbox.execute([], { stdout: slowly, stderr: slowly });
  assert.equal(seen, "abcdefgh");
});

describe("waiting for several things", () => {
  const SUBSCRIPTIONS = `
    (i64.store (i32.const 1024) (i64.const 11)) (i32.store8 (i32.const 1032) (i32.const 0))
    (i32.store (i32.const 1040) (i32.const 1)) (i64.store (i32.const 1048) (i64.const 3600000000000))
    (i64.store (i32.const 1072) (i64.const 22)) (i32.store8 (i32.const 1080) (i32.const 1))
    (i32.store (i32.const 1088) (i32.const 0))`;
  const EVENTS = `
    (call $report (i32.load8_u (i32.const 3000)))
    (call $report (i32.load8_u (i32.const 2048))) (call $report (i32.load8_u (i32.const 2056)))
    (call $report (i32.load8_u (i32.const 2058)))`;
  const poll = (count: number): string =>
    `(call $report (call $poll_oneoff (i32.const 1024) (i32.const 2048) (i32.const ${count}) (i32.const 3000))) ${EVENTS}`;

  test("ends with the first: input that comes before a clock", async () => {
    await using sandbox = await open(preview1Program(`${SUBSCRIPTIONS} ${poll(2)}`), { grants: { stdin: true } });
    const stdin = (async function* () {
      await new Promise((resolve) => setTimeout(resolve, 20));
      yield Buffer.from("x");
    })();
    const { stdout } = await sandbox.execute([], { stdin });
    // Errno, events; the first one's data, error and type.
    assert.deepEqual([...stdout], [0, 1, 22, 0, 1]);
  });

  test("tells what cannot be waited for as an event of its own", async () => {
    const bad = "(i32.store (i32.const 1088) (i32.const 77))";
    const output = await outputOf(preview1Program(`${SUBSCRIPTIONS} ${bad} ${poll(2)}`));
    assert.deepEqual([...output], [0, 1, 22, ERRNO.badf, 1]);
  });

  test("ends with a clock, relative or absolute", async () => {
    const relative = "(i64.store (i32.const 1048) (i64.const 5000000))";
    const absolute = `(drop (call $clock_time_get (i32.const 1) (i64.const 0) (i32.const 3008)))
      (i64.store (i32.const 1048) (i64.add (i64.load (i32.const 3008)) (i64.const 5000000)))
      (i32.store16 (i32.const 1064) (i32.const 1))`;
    const realtime = `${absolute.replace("(i32.const 1) (i64.const 0)", "(i32.const 0) (i64.const 0)")}
      (i32.store (i32.const 1040) (i32.const 0))`;
    for (const clock of [relative, absolute, realtime]) {
      assert.deepEqual(
        [...(await outputOf(preview1Program(`${SUBSCRIPTIONS} ${clock} ${poll(1)}`)))],
        [0, 1, 11, 0, 0],
      );
    }
    assert.equal((await outputOf(preview1Program(`${SUBSCRIPTIONS} ${poll(0)}`)))[0], ERRNO.inval);
  });
});

test("a program listens where it was granted one place, and talks to who comes", async () => {
  const port = 20_000 + (process.pid % 20_000);
  const program = preview1Program(
    `(call $report (call $sock_accept (i32.const 3) (i32.const 0) (i32.const 1100)))
     (i32.store (i32.const 1200) (i32.const 2048)) (i32.store (i32.const 1204) (i32.const 100))
     (call $report (call $sock_recv (i32.load (i32.const 1100)) (i32.const 1200) (i32.const 1) (i32.const 1) (i32.const 1300) (i32.const 1304)))
     (call $report (call $sock_recv (i32.load (i32.const 1100)) (i32.const 1200) (i32.const 1) (i32.const 0) (i32.const 1300) (i32.const 1304)))
     (i32.store (i32.const 1204) (i32.load (i32.const 1300)))
     (call $report (call $sock_send (i32.load (i32.const 1100)) (i32.const 1200) (i32.const 1) (i32.const 0) (i32.const 1300)))
     (call $report (call $sock_shutdown (i32.load (i32.const 1100)) (i32.const 2)))
     (call $report (call $fd_close (i32.load (i32.const 1100))))`,
  );
  await using sandbox = await open(program, { grants: { listen: [`tcp://127.0.0.1:${port}`] } });
  const running = sandbox.execute();
  const answered = new Promise<string>((resolve, reject) => {
    let got = "";
    const attempt = (left: number): void => {
      const socket = connect(port, "127.0.0.1");
      socket.on("connect", () => socket.write("hello"));
      socket.on("data", (chunk) => (got += String(chunk)));
      socket.on("end", () => socket.end(() => resolve(got)));
      socket.on("error", (error) => (left > 0 ? setTimeout(attempt, 50, left - 1) : reject(error)));
    };
    attempt(200);
  });
  assert.equal(await answered, "hello");
  assert.deepEqual([...(await running).stdout], [0, 0, 0, 0, 0, 0]);
});

const LISTING = `
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
int main(int argc, char **argv) {
  DIR *dir = opendir("/");
  long names = 0, half = 0; unsigned sum = 0, again = 0; int dots = 0;
  struct dirent *entry;
  char kept[256] = "";
  while ((entry = readdir(dir))) {
    if (entry->d_name[0] == '.') { dots++; continue; }
    names++;
    for (char *at = entry->d_name; *at; at++) sum = sum * 31 + *at;
    if (names == 5000) { half = telldir(dir); }
    if (names == 5001) strcpy(kept, entry->d_name);
  }
  seekdir(dir, half);
  entry = readdir(dir);
  int same = entry && !strcmp(kept, entry->d_name);
  rewinddir(dir);
  while ((entry = readdir(dir))) {
    if (entry->d_name[0] == '.') continue;
    for (char *at = entry->d_name; *at; at++) again = again * 31 + *at;
  }
  closedir(dir);
  printf("%ld %d %d %d\\n", names, dots, same, sum == again);
}`;

test(
  "a folder of 10,000 names is listed, and cookies stay what they were",
  needing(["clang"], async (context) => {
    const host = await folder(
      context,
      [...Array(10_000).keys()].map((index) => `name-${index}`),
    );
    await using sandbox = await Sandbox.open(await cGuest("listing", LISTING), {
      cache: TEST_CACHE,
      grants: { filesystem: { preopens: [{ host, guest: "/" }] } },
    });
    const { stdout } = await sandbox.execute();
    assert.equal(Buffer.from(stdout).toString(), "10000 2 1 1\n");
  }),
);

test(
  "files have one inode, whatever their name, and listings tell it",
  needing(["clang"], async (context) => {
    const host = await folder(context, ["file", "other"]);
    await symlink("file", join(host, "link"));
    const source = `
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
int main(void) {
  link("/file", "/second");
  struct stat file, other, second, name;
  stat("/file", &file); stat("/other", &other); stat("/second", &second);
  int told = 1;
  DIR *dir = opendir("/");
  for (struct dirent *entry; (entry = readdir(dir));) {
    if (entry->d_name[0] == '.') continue;
    fstatat(dirfd(dir), entry->d_name, &name, AT_SYMLINK_NOFOLLOW);
    told &= name.st_ino == entry->d_ino && name.st_ino != 0;
  }
  printf("%d %d %d %d\\n", file.st_ino == second.st_ino, file.st_ino != other.st_ino, (int)second.st_nlink, told);
}`.replace("#include <stdio.h>", "#include <fcntl.h>\n#include <stdio.h>");
    await using sandbox = await Sandbox.open(await cGuest("inodes", source), {
      cache: TEST_CACHE,
      grants: { filesystem: { preopens: [{ host, guest: "/", write: true, create: true }] } },
    });
    assert.equal(Buffer.from((await sandbox.execute()).stdout).toString(), "1 1 2 1\n");
  }),
);
