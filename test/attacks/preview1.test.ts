import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { AuditEvent } from "../../src/audit/event.ts";
import type { SandboxOptions } from "../../src/sandbox/options/sandbox-options.ts";
import { Sandbox } from "../../src/sandbox/sandbox.ts";
import { CordonError } from "../../src/shared/errors.ts";
import { failsWith } from "../support/errors.ts";
import { temporaryFolder, TEST_CACHE, textGuest } from "../support/guests.ts";
import { preview1Program, swallowed } from "../support/preview1-programs.ts";

/*
 * What a core module may try with the functions of preview 1 that it is given. Each case was seen to fail with the weakening that its
 * comment names.
 */

const ERRNO = { badf: 8, inval: 28, mfile: 33, nomem: 48, perm: 63, rofs: 69 } as const;

async function execute(
  text: string,
  options: SandboxOptions = {},
): Promise<{ readonly output: readonly number[]; readonly exitCode: number; readonly events: readonly AuditEvent[] }> {
  const events: AuditEvent[] = [];
  const onEvent = (event: AuditEvent): void => void events.push(event);
  await using sandbox = await Sandbox.open(await textGuest("preview1", text), {
    cache: TEST_CACHE,
    onEvent,
    ...options,
  });
  const { stdout, exitCode } = await sandbox.execute();
  return { output: [...stdout], exitCode, events };
}

async function folderGrant(
  context: TestContext,
  rights: { readonly write?: boolean } = {},
): Promise<{ readonly grants: SandboxOptions["grants"]; readonly host: string }> {
  const host = join(await temporaryFolder(context), "granted");
  await mkdir(host);
  await writeFile(join(host, "file"), "content");
  await writeFile(join(host, "../secret"), "secret");
  return { host, grants: { filesystem: { preopens: [{ host, guest: "/", ...rights }] } } };
}

// Weakening: `LinearMemory` compares with nothing, so that a view of another place is made, or an errno is all there is; or
// `RunningCoreModule` only throws what a host function threw.
test("addresses outside of the memory, or not aligned, end the guest, whatever it catches", async () => {
  const calls = [
    "(call $fd_write (i32.const 1) (i32.const 65532) (i32.const 1) (i32.const 1024))",
    "(call $fd_write (i32.const 1) (i32.const 0xfffffff8) (i32.const 1) (i32.const 1024))",
    "(call $fd_write (i32.const 1) (i32.const 1024) (i32.const 1) (i32.const -4))",
    "(call $fd_write (i32.const 1) (i32.const 1026) (i32.const 1) (i32.const 1024))",
    "(call $clock_time_get (i32.const 0) (i64.const 0) (i32.const 1028))",
    "(call $random_get (i32.const 65530) (i32.const 7))",
    "(call $random_get (i32.const 1) (i32.const -1))",
    "(call $args_get (i32.const 65536) (i32.const 0))",
    "(call $args_sizes_get (i32.const 65533) (i32.const 0))",
    "(call $fd_fdstat_get (i32.const 1) (i32.const 65520))",
    "(call $path_open (i32.const 3) (i32.const 0) (i32.const 65530) (i32.const 100) (i32.const 0) (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 1024))",
    "(call $poll_oneoff (i32.const 65520) (i32.const 0) (i32.const 1) (i32.const 1024))",
    "(call $poll_oneoff (i32.const 0) (i32.const 65528) (i32.const 1) (i32.const 1024))",
  ];
  // All in one program, each in its own run: the argument says which.
  const cases = calls.map(
    (call, index) => `(if (i32.eq (local.get $which) (i32.const ${index})) (then ${swallowed(`(drop ${call})`)}))`,
  );
  const text = preview1Program(
    `(drop (call $args_get (i32.const 2048) (i32.const 2064)))
     (local.set $which (i32.sub (i32.load8_u (i32.const 2066)) (i32.const 65)))
     ${cases.join("\n")}
     (call $report (i32.const 1))`,
    { locals: "(local $which i32)" },
  );
  await using sandbox = await Sandbox.open(await textGuest("preview1", text), { cache: TEST_CACHE, name: "p" });
  for (const [which, call] of calls.entries()) {
    const ended = sandbox.execute([String.fromCharCode(65 + which)]);
    await failsWith("trap", /the guest passed the address/, ended).catch((cause: unknown) => {
      throw new Error(call, { cause });
    });
  }
});

// Weakening: `ioVectors` takes any number of vectors.
test("what one call may name is bounded", async () => {
  const { output } = await execute(
    preview1Program(
      `(call $report (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1025) (i32.const 1024)))
       (call $report (call $fd_write (i32.const 1) (i32.const 0) (i32.const -1) (i32.const 1024)))
       (call $report (call $fd_read (i32.const 0) (i32.const 0) (i32.const 0x20000000) (i32.const 1024)))
       (call $report (call $poll_oneoff (i32.const 0) (i32.const 0) (i32.const 1000) (i32.const 1024)))
       (call $report (call $poll_oneoff (i32.const 0) (i32.const 0) (i32.const -1) (i32.const 1024)))`,
    ),
    { limits: { maxHandles: 999 } },
  );
  assert.deepEqual(output, [28, 28, 28, 28, 28]);
});

// Weakening: `DescriptorTable.assertRoom` does nothing.
test("descriptors are as many as handles, and their numbers come back", async (context) => {
  const { grants } = await folderGrant(context);
  const open = `(call $path_open (i32.const 3) (i32.const 0) (i32.const 1024) (i32.const 1) (i32.const 2) (i64.const 0) (i64.const 0)
    (i32.const 0) (i32.const 1100))`;
  const text = preview1Program(
    `(loop $again (br_if $again (i32.eqz (local.tee $errno ${open}))))
     (call $report (local.get $errno)) (call $report (i32.load (i32.const 1100)))
     (call $report (call $fd_close (i32.const 5)))
     (call $report ${open}) (call $report (i32.load (i32.const 1100)))
     (call $report (call $fd_renumber (i32.const 5) (i32.const 77)))
     (call $report (call $fd_renumber (i32.const 5) (i32.const 2)))
     (call $report (call $fd_close (i32.const 5)))`,
    { fields: '(data (i32.const 1024) ".")', locals: "(local $errno i32)" },
  );
  const { output } = await execute(text, { grants, limits: { maxHandles: 20 } });
  assert.deepEqual(output, [ERRNO.mfile, 19, 0, 0, 5, ERRNO.badf, 0, ERRNO.badf]);
  const files = await execute(text, { grants, limits: { maxOpenFiles: 4 } });
  assert.deepEqual(files.output.slice(0, 2), [ERRNO.nomem, 7]);
});

// Weakening: `FolderListing` is filled without looking at what all of them hold.
test("what listings keep is bounded, over all folders that are open", async (context) => {
  const { host, grants } = await folderGrant(context);
  await Promise.all([...Array(300).keys()].map((index) => writeFile(join(host, `${index}-${"x".repeat(200)}`), "")));
  const list = (fd: string): string =>
    `(call $report (call $fd_readdir ${fd} (i32.const 65536) (i32.const 131072) (i64.const 0) (i32.const 1100)))`;
  const text = preview1Program(
    `(drop (call $path_open (i32.const 3) (i32.const 0) (i32.const 1024) (i32.const 1) (i32.const 2) (i64.const 0) (i64.const 0)
       (i32.const 0) (i32.const 1100)))
     ${list("(i32.const 3)")} ${list("(i32.const 4)")}
     (drop (call $fd_close (i32.const 4))) ${list("(i32.const 3)")}`,
    { fields: '(data (i32.const 1024) ".")', pages: "4" },
  );
  const { output } = await execute(text, { grants, limits: { maxCrossingBytes: 200_000 } });
  assert.deepEqual(output, [0, ERRNO.nomem, 0]);
});

// Weakening: `openAt` does not check what is asked for.
test("no path and no right leads out of a folder, and denials are recorded", async (context) => {
  const { grants } = await folderGrant(context);
  const open = (at: number, length: number, flags: number, rights: number): string =>
    `(call $report (call $path_open (i32.const 3) (i32.const 1) (i32.const ${at}) (i32.const ${length}) (i32.const ${flags})
       (i64.const ${rights}) (i64.const -1) (i32.const 0) (i32.const 1100)))`;
  const text = preview1Program(
    [
      open(1024, 9, 0, 2),
      open(1040, 11, 0, 2),
      open(1056, 4, 0, 64),
      open(1056, 4, 8, 2),
      open(1064, 3, 1, 64),
      "(call $report (call $path_unlink_file (i32.const 3) (i32.const 1056) (i32.const 4)))",
      "(call $report (call $fd_fdstat_set_rights (i32.const 3) (i64.const -1) (i64.const -1)))",
      // A file is no folder, and no socket.
      open(1056, 4, 0, 2),
      "(call $report (call $path_unlink_file (i32.load (i32.const 1100)) (i32.const 1056) (i32.const 4)))",
    ].join("\n"),
    {
      fields:
        '(data (i32.const 1024) "../secret") (data (i32.const 1040) "/etc/passwd") (data (i32.const 1056) "file") (data (i32.const 1064) "new")',
    },
  );
  const { output, events } = await execute(text, { grants });
  const { perm, rofs, badf } = ERRNO;
  assert.deepEqual(output, [perm, perm, rofs, rofs, rofs, rofs, 58, 0, badf]);
  assert.deepEqual(
    events.map(({ action, result }) => `${action} ${result}`),
    [
      ...Array.from({ length: 5 }, () => "filesystem.open-at Denied"),
      "filesystem.unlink-file-at Denied",
      "filesystem.open-at Allowed",
    ],
  );
});

// Weakening: `RunningCoreModule` only throws what a host function threw.
test("an exit and a trap of the host's are the end, whatever the guest catches", async () => {
  const after = "(call $report (i32.const 1)) (loop $again (br $again))";
  const exits = preview1Program(`${swallowed("(call $proc_exit (i32.const 3))")} ${after}`);
  assert.deepEqual(await execute(exits), { output: [], exitCode: 3, events: [] });
  const denied = preview1Program(`${swallowed("(drop (call $random_get (i32.const 0) (i32.const 8)))")} ${after}`);
  await failsWith("trap", /random bytes are not granted/, execute(denied, { grants: { random: "none" } }));
});

// Weakening: what is read is charged when it was read.
test("what is read and written counts before it is, into whichever vectors", async (context) => {
  const { grants } = await folderGrant(context, { write: true });
  const text = preview1Program(
    `(drop (call $path_open (i32.const 3) (i32.const 0) (i32.const 1024) (i32.const 4) (i32.const 0) (i64.const 66) (i64.const 0)
       (i32.const 0) (i32.const 1100)))
     (i32.store (i32.const 1200) (i32.const 2048)) (i32.store (i32.const 1204) (i32.const 3))
     (i32.store (i32.const 1208) (i32.const 2051)) (i32.store (i32.const 1212) (i32.const 100))
     (call $report (call $fd_read (i32.const 4) (i32.const 1200) (i32.const 2) (i32.const 1300)))
     (call $report (i32.load (i32.const 1300)))
     (call $report (call $fd_read (i32.const 4) (i32.const 1200) (i32.const 2) (i32.const 1300)))
     (call $report (call $fd_pwrite (i32.const 4) (i32.const 1200) (i32.const 2) (i64.const 0) (i32.const 1300)))
     (call $report (i32.load (i32.const 1300)))
     (call $report (call $fd_pwrite (i32.const 4) (i32.const 1200) (i32.const 2) (i64.const 9223372036854775807) (i32.const 1300)))`,
    { fields: '(data (i32.const 1024) "file")' },
  );
  const { output } = await execute(text, { grants, limits: { maxReadBytes: 5, maxWriteBytes: 8 } });
  // Five of seven bytes, then the quota; eight of 103, and no file has the last place.
  assert.deepEqual(output, [0, 5, 19, 0, 8, 28]);
});

// Weakening: the missing function gives 0.
test("a module that imports what nobody gives is refused, or traps where it calls it", async () => {
  const text = preview1Program(
    `(call $report (i32.const 7))
     (call $say (i32.const 512) (global.get $reported))
     ${swallowed("(call $abort (i32.const 1))")} (loop $again (br $again))`,
    { imports: '(import "env" "abort" (func $abort (param i32)))' },
  );
  const refused = await failsWith("unsupported", /"env" "abort", which is not provided/, execute(text));
  assert.match(refused.message, /hostFunctions.*allow it with missingImports: "trap"$/u);
  await failsWith(
    "usage",
    /it is "refuse" or "trap", not "ignore"/,
    execute(text, { missingImports: "ignore" as "trap" }),
  );
  await failsWith(
    "trap",
    /it called "abort" of "env", which nothing provides/,
    execute(text, { missingImports: "trap" }),
  );
  for (const other of [
    '(import "env" "memory" (memory 1))',
    '(import "env" "table" (table 1 funcref))',
    '(import "env" "global" (global i32))',
    '(import "env" "tag" (tag))',
  ]) {
    const program = preview1Program("", { imports: other });
    await failsWith("unsupported", /which cannot be provided/, execute(program, { missingImports: "trap" }));
  }
});

// Weakening: functions of the embedder are called without a look at the grant.
test("functions of the embedder are called with a grant alone, with numbers of their types", async () => {
  const calls: unknown[] = [];
  const hostFunctions = [
    {
      module: "env",
      name: "__proto__",
      type: "(i32, i64, f32, f64) -> i64",
      capability: "env.sum",
      check: { parameter: "p0" },
      call: (parameters: readonly unknown[]) => {
        calls.push(parameters);
        return -5n;
      },
    },
    { module: "constructor", name: "then", type: "() -> ()", capability: "env.then", call: () => undefined },
  ];
  const imports = `(import "env" "__proto__" (func $sum (param i32 i64 f32 f64) (result i64)))
    (import "constructor" "then" (func $then))`;
  const text = preview1Program(
    `(call $then)
     (call $report (i32.wrap_i64 (call $sum (i32.const -2) (i64.const -3) (f32.const 0.5) (f64.const nan))))`,
    { imports },
  );
  const custom = { "env.sum": { minimum: -2, maximum: 0 }, "env.then": true };
  const { output, events } = await execute(text, { hostFunctions, grants: { custom } });
  assert.deepEqual([output, calls], [[251], [[-2, -3n, 0.5, Number.NaN]]]);
  assert.deepEqual(
    events.map(({ action, resource, result }) => [action, resource, result]),
    [
      ["constructor#then", "env.then", "Allowed"],
      ["env#__proto__", "env.sum p0=-2", "Allowed"],
    ],
  );
  const narrow = { ...custom, "env.sum": { minimum: 0, maximum: 9 } };
  await failsWith("trap", /Permission denied/, execute(text, { hostFunctions, grants: { custom: narrow } }));
  await failsWith("trap", /Permission denied/, execute(text, { hostFunctions }));
  const lying = hostFunctions.map((one) => ({ ...one, call: () => 2 ** 70 }));
  await failsWith("trap", /not of its type/, execute(text, { hostFunctions: lying, grants: { custom } }));
  const other = hostFunctions.map((one) => ({ ...one, type: "(i32) -> i32", check: undefined }));
  await failsWith(
    "unsupported",
    /of type \(i32, i64, f32, f64\) -> i64 \(it is \(i32\) -> i32\)/,
    execute(text, { hostFunctions: other }),
  );
  for (const wrong of [
    { ...hostFunctions[1], module: "wasi_snapshot_preview1" },
    { ...hostFunctions[1], type: "func()" },
    { ...hostFunctions[1], type: "(v128) -> ()" },
    { ...hostFunctions[1], type: "() -> (i32, i32)" },
    { ...hostFunctions[1], name: "x".repeat(200) },
    { ...hostFunctions[1], interface: "acme:mail/outbox" },
  ]) {
    const opened = execute(text, { hostFunctions: [wrong as (typeof hostFunctions)[number]] });
    assert.equal((await failsWith("usage", /hostFunctions\[0\]/, opened)) instanceof CordonError, true);
  }
});
