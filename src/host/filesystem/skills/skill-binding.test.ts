import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import type { AuditObservation } from "../../../audit/event.ts";
import type { FilesystemGrantsInput } from "../../../policy/parsing/parse-grants.ts";
import { parseGrants } from "../../../policy/parsing/parse-grants.ts";
import type { Limits } from "../../../shared/limits/limits.ts";
import type { HostInterface, HostResult } from "../../capability.ts";
import { hostContext } from "../../../../test/support/host-context.ts";
import { filesystemRead, filesystemWrite } from "./skill-binding.ts";
import { needing } from "../../../../test/support/needs.ts";

let base = "";
let inside = "";
let outside = "";
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), "cordon-files-")));
  inside = join(base, "data");
  outside = join(base, "outside");
  for (const folder of [inside, outside]) mkdirSync(folder);
  writeFileSync(join(inside, "demo.txt"), "hello");
  writeFileSync(join(outside, "secret"), "SECRET");
  mkdirSync(join(base, "database"));
  writeFileSync(join(base, "database/secret"), "SECRET");
});
afterEach(() => rmSync(base, { recursive: true }));

interface Run {
  readonly result: HostResult;
  readonly events: readonly AuditObservation[];
}

async function run(
  host: HostInterface,
  filesystem: FilesystemGrantsInput,
  parameters: string[],
  limits: Partial<Limits> = {},
): Promise<Run> {
  const context = hostContext({ grants: parseGrants({ filesystem }, { cwd: inside }), limits });
  const events = context.observations;
  const call = host.functions[0]?.call;
  assert.ok(call !== undefined);
  const result: HostResult = await Reflect.apply(call, undefined, [context, ...parameters]);
  assert.equal(events.length, 1, "one event a call");
  return { result, events };
}

const read = (path: string, limits?: Partial<Limits>): Promise<Run> =>
  run(filesystemRead, { read: ["."] }, [path], limits);
const write = (path: string, content: string, limits?: Partial<Limits>): Promise<Run> =>
  run(filesystemWrite, { write: ["."] }, [path, content], limits);

function errorOf({ result }: Run): string {
  assert.equal(result.tag, "err");
  return String(result.val);
}

function assertDenied(outcome: Run, capability: "filesystem-read" | "filesystem-write", path: string): void {
  assert.deepEqual(outcome.result, {
    tag: "err",
    val: `Permission denied: ${capability} is not granted for this path`,
  });
  const setting = capability === "filesystem-read" ? "grants.filesystem.read" : "grants.filesystem.write";
  assert.deepEqual(outcome.events, [
    {
      eventType: "FilesystemAccess",
      action: capability === "filesystem-read" ? "filesystem-read.read-file" : "filesystem-write.write-file",
      resource: path,
      result: "Denied",
      reason: `the path is outside what ${capability} was granted for`,
      remedies: [{ setting, value: "PATH" }],
    },
  ]);
}

test("the functions have the names and types of the WIT package", () => {
  assert.deepEqual(
    [filesystemRead, filesystemWrite].flatMap(({ name, functions }) =>
      functions.map((f) => [name, f.name, f.type, f.blocking]),
    ),
    [
      ["sandbox:skill/filesystem-read", "read-file", "func(path: string) -> result<string, string>", true],
      [
        "sandbox:skill/filesystem-write",
        "write-file",
        "func(path: string, content: string) -> result<_, string>",
        true,
      ],
    ],
  );
});

test("reading what is granted", async () => {
  const done = await read("./demo.txt");
  assert.deepEqual(done.result, { tag: "ok", val: "hello" });
  assert.deepEqual(done.events, [
    { eventType: "FilesystemAccess", action: "filesystem-read.read-file", resource: "./demo.txt", result: "Allowed" },
  ]);
  const absolute = await run(filesystemRead, { read: [join(base, "outside")] }, [join(outside, "secret")]);
  assert.deepEqual(absolute.result, { tag: "ok", val: "SECRET" });
  const oneFile = await run(filesystemRead, { read: ["demo.txt"] }, ["demo.txt"]);
  assert.deepEqual(oneFile.result, { tag: "ok", val: "hello" });
});

test("the size of files and the making of them are bounded by the grant, as in opened folders", async () => {
  const bounded = { write: ["."], maxFileBytes: 6 };
  const fits = await run(filesystemWrite, bounded, ["demo.txt", "ééé"]);
  assert.deepEqual(fits.result, { tag: "ok", val: undefined });
  const large = await run(filesystemWrite, bounded, ["demo.txt", "ééé!"]);
  assert.deepEqual(large.result, {
    tag: "err",
    val: "Permission denied: the file would pass the 6 bytes that are granted",
  });
  assert.deepEqual(large.events, [
    {
      eventType: "FilesystemAccess",
      action: "filesystem-write.write-file",
      resource: "demo.txt",
      result: "Denied",
      reason: "the file would pass the 6 bytes that are granted",
      remedies: [{ setting: "grants.filesystem.maxFileBytes" }],
    },
  ]);
  assert.equal(readFileSync(join(inside, "demo.txt"), "utf8"), "ééé", "what was refused changed nothing");
  const nothing = await run(filesystemWrite, { write: ["."], maxFileBytes: 0 }, ["demo.txt", ""]);
  assert.deepEqual(nothing.result, { tag: "ok", val: undefined });

  const existing = { write: ["."], create: false };
  assert.deepEqual((await run(filesystemWrite, existing, ["demo.txt", "x"])).result, { tag: "ok", val: undefined });
  const made = await run(filesystemWrite, existing, ["new.txt", "x"]);
  assert.deepEqual(made.result, { tag: "err", val: "Permission denied: making files is not granted" });
  assert.equal(made.events[0]?.result, "Denied");
  assert.deepEqual(readdirSync(inside), ["demo.txt"]);
  const mayMake = await run(filesystemWrite, { write: ["."], create: true }, ["new.txt", "x"]);
  assert.deepEqual(mayMake.result, { tag: "ok", val: undefined });
});

test("without any grant of the kind, whatever the other kind allows", async () => {
  const reading = await run(filesystemRead, { write: ["."] }, ["demo.txt"]);
  assert.deepEqual(reading.result, { tag: "err", val: "Permission denied: filesystem-read capability not granted" });
  assert.deepEqual(reading.events[0]?.remedies, [{ setting: "grants.filesystem.read", value: "PATH" }]);
  const writing = await run(filesystemWrite, { read: ["."] }, ["demo.txt", "changed"]);
  assert.deepEqual(writing.result, { tag: "err", val: "Permission denied: filesystem-write capability not granted" });
  assert.deepEqual(writing.events[0]?.remedies, [{ setting: "grants.filesystem.write", value: "PATH" }]);
  assert.equal(readFileSync(join(inside, "demo.txt"), "utf8"), "hello");
});

test("what leads outside is denied alike for reading and writing, whether or not it exists", async () => {
  symlinkSync("../outside/secret", join(inside, "link"));
  symlinkSync("../outside", join(inside, "dirlink"));
  symlinkSync("../outside/nothing", join(inside, "dangling"));
  symlinkSync("/dev/zero", join(inside, "zero"));
  mkdirSync(join(inside, "a"));
  for (const path of [
    "../outside/secret",
    "a/../../outside/secret",
    "/etc/passwd",
    "/nothing",
    "../outside/nothing",
    "../outside/nothing/deeper",
    "..",
    "link",
    "dirlink/secret",
    "dirlink/nothing",
    "dangling",
    "zero",
    "/dev/zero",
    "../database/secret",
    "/proc/self/environ",
    `${inside}/../database/secret`,
  ]) {
    assertDenied(await read(path), "filesystem-read", path);
    assertDenied(await write(path, "changed"), "filesystem-write", path);
  }
  assert.equal(readFileSync(join(outside, "secret"), "utf8"), "SECRET");
  assert.deepEqual(readdirSync(outside), ["secret"]);
});

test("what exists outside does not show in what a path through it means", async () => {
  for (const probe of ["secret", "nothing", "."]) {
    const { result } = await read(`../outside/${probe}/../../data/demo.txt`);
    assert.deepEqual(
      result,
      probe === "."
        ? { tag: "err", val: "Permission denied: filesystem-read is not granted for this path" }
        : { tag: "ok", val: "hello" },
    );
  }
});

test("paths that no file can have open nothing", async () => {
  for (const path of ["", "demo.txt\0", "x".repeat(256), "x/".repeat(3_000)]) {
    for (const outcome of [await read(path), await write(path, "changed")]) {
      assert.match(errorOf(outcome), /^Cannot (?:read|write) ".*": /);
      assert.equal(outcome.events[0]?.result, "Denied");
      assert.ok((outcome.events[0]?.resource.length ?? 0) <= 4_096);
    }
  }
  assert.deepEqual(readdirSync(inside), ["demo.txt"]);
});

test("messages stay on one line, whatever the path", async () => {
  const message = errorOf(await read("no\nsuch\u2028file\u001b[31m\u009b"));
  assert.ok(!/[\p{Cc}\u2028\u2029]/u.test(message), message);
});

test("failures inside the grant name nothing but the guest's own path", async () => {
  mkdirSync(join(inside, "dir"));
  symlinkSync("self", join(inside, "self"));
  for (const [path, reason] of [
    ["nothing", "no such file"],
    ["nothing/x", "no such file or folder"],
    ["dir", "it is a folder"],
    [".", "it is a folder"],
    ["demo.txt/", "a part of the path is not a folder"],
    ["self", "too many symbolic links"],
  ] as const) {
    const outcome = await read(path);
    assert.deepEqual(outcome.result, { tag: "err", val: `Cannot read ${JSON.stringify(path)}: ${reason}` });
    assert.equal(outcome.events[0]?.result, "Error");
    assert.equal(outcome.events[0]?.reason, reason);
  }
  assert.deepEqual(errorOf(await write("nothing/x", "")), 'Cannot write "nothing/x": no such file or folder');
  assert.deepEqual(errorOf(await write("new/", "")), 'Cannot write "new/": no such file or folder');
  assert.deepEqual(errorOf(await write("dir", "")), 'Cannot write "dir": it is a folder');
});

test("pipes, sockets and devices are refused and never block", async () => {
  execFileSync("mkfifo", [join(inside, "pipe")]);
  const server = createServer().listen(join(inside, "socket"));
  try {
    for (const path of ["pipe", "socket"]) {
      assert.equal(errorOf(await read(path)), `Cannot read "${path}": it is not a regular file`);
      assert.equal(errorOf(await write(path, "x")), `Cannot write "${path}": it is not a regular file`);
    }
    const device = await run(filesystemRead, { read: ["/dev"] }, ["/dev/zero"]);
    assert.equal(errorOf(device), 'Cannot read "/dev/zero": it is not a regular file');
  } finally {
    server.close();
  }
});

test("a file is read up to the limit, and one byte more is refused before it is allocated", async () => {
  assert.deepEqual((await read("demo.txt", { maxReadFileBytes: 5 })).result, { tag: "ok", val: "hello" });
  assert.match(errorOf(await read("demo.txt", { maxReadFileBytes: 4 })), /larger than the limit of 4 bytes$/);
  writeFileSync(join(inside, "sparse"), "");
  truncateSync(join(inside, "sparse"), 2 ** 40);
  assert.match(errorOf(await read("sparse")), /larger than the limit of 16777216 bytes$/);
});

test(
  "a file that reports no size is read to its end, within the limit",
  needing(["linux"], async () => {
    const direct = await run(filesystemRead, { read: ["/proc/version"] }, ["/proc/version"]);
    assert.deepEqual(direct.result, { tag: "ok", val: readFileSync("/proc/version", "utf8") });
    const cut = await run(filesystemRead, { read: ["/proc/version"] }, ["/proc/version"], { maxReadFileBytes: 10 });
    assert.match(errorOf(cut), /larger than the limit of 10 bytes$/);
  }),
);

test("text is UTF-8, byte order mark and all; anything else is refused", async () => {
  writeFileSync(join(inside, "bom"), "\ufeffé\0");
  assert.deepEqual((await read("bom")).result, { tag: "ok", val: "\ufeffé\0" });
  writeFileSync(join(inside, "binary"), Buffer.from([0x68, 0xff]));
  assert.equal(errorOf(await read("binary")), 'Cannot read "binary": it is not valid UTF-8 text');
  writeFileSync(join(inside, "empty"), "");
  assert.deepEqual((await read("empty")).result, { tag: "ok", val: "" });
});

test("writing replaces, creates, and follows links that stay inside", async () => {
  const done = await write("demo.txt", "bye");
  assert.deepEqual(done.result, { tag: "ok", val: undefined });
  assert.deepEqual(done.events, [
    { eventType: "FilesystemAccess", action: "filesystem-write.write-file", resource: "demo.txt", result: "Allowed" },
  ]);
  assert.equal(readFileSync(join(inside, "demo.txt"), "utf8"), "bye");
  await write("new", "né");
  assert.equal(readFileSync(join(inside, "new"), "utf8"), "né");
  symlinkSync("demo.txt", join(inside, "link"));
  symlinkSync("target", join(inside, "dangling"));
  await write("link", "through");
  await write("dangling", "made");
  assert.equal(readFileSync(join(inside, "demo.txt"), "utf8"), "through");
  assert.equal(readFileSync(join(inside, "target"), "utf8"), "made");
  const large = "x".repeat(3 * 1024 * 1024 + 1);
  await write("demo.txt", large);
  assert.equal(readFileSync(join(inside, "demo.txt"), "utf8"), large);
});

test("content over the limit leaves the file as it was", async () => {
  assert.equal((await write("demo.txt", "éé", { maxWriteFileBytes: 4 })).result.tag, "ok");
  const refused = await write("demo.txt", "ééx", { maxWriteFileBytes: 4 });
  assert.match(errorOf(refused), /the content is larger than the limit of 4 bytes$/);
  assert.equal(readFileSync(join(inside, "demo.txt"), "utf8"), "éé");
});

test("after the invocation has ended nothing is read or written", async () => {
  const context = hostContext({
    grants: parseGrants({ filesystem: { read: ["."], write: ["."] } }, { cwd: inside }),
  });
  context.abort();
  for (const [host, parameters] of [
    [filesystemRead, ["demo.txt"]],
    [filesystemWrite, ["demo.txt", "changed"]],
  ] as const) {
    const call = host.functions[0]?.call;
    assert.ok(call !== undefined);
    const result: HostResult = await Reflect.apply(call, undefined, [context, ...parameters]);
    assert.match(String(result.val), /the invocation has ended$/);
  }
  assert.equal(readFileSync(join(inside, "demo.txt"), "utf8"), "hello");
});
