import assert from "node:assert/strict";
import { test } from "node:test";
import { Sandbox } from "../../src/sandbox/index.ts";
import { cordon, cordonOnTerminal } from "../support/cli.ts";
import { commandText } from "../support/command-guests.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, textGuest } from "../support/guests.ts";
import { playgroundWithSecret } from "../support/filesystem.ts";
import { probe } from "../support/probe.ts";
import { needing } from "../support/needs.ts";

/*
 * How a guest may try to end more than itself, and to hold more than it may, by the public API. Disposing of a probe makes one
 * more call that must work. Each case was seen to fail with the weakening that its comment names.
 */

// Weakening, each alone: `exit` and `exit-with-code` call `process.exit`, which ends the worker with everyone on it.
test("exit(0), exit(1) and exit with a code end the invocation alone", async () => {
  await using guest = await probe();
  const sleepers = Array.from({ length: 10 }, () =>
    guest.run(({ wasi, call }) => {
      call(call(wasi["monotonicClock"], "subscribeDuration", 200_000_000), "block");
      return "slept";
    }),
  );
  for (const [name, status, code] of [
    ["exit", { tag: "ok" }, 0],
    ["exit", { tag: "err" }, 1],
    ["exitWithCode", 0, 0],
    ["exitWithCode", 77, 77],
    ["exitWithCode", 255, 255],
  ] as const) {
    const exiting = guest.run(
      ({ wasi, call }, given) => {
        try {
          call(wasi["exit"], given.name, given.status);
        } finally {
          call(call(wasi["stdout"], "getStdout"), "write", new Uint8Array(10));
        }
        return "went on";
      },
      { name, status },
      { stdout: () => assert.fail("it wrote after its exit") },
    );
    const error = await failsWith("guest-error", new RegExp(`exited with status ${code}$`, "u"), exiting);
    assert.deepEqual(error.payload, { exitCode: code });
  }
  assert.deepEqual(new Set(await Promise.all(sleepers)), new Set(["slept"]));
  assert.equal(process.exitCode, undefined);
});

/** A guest that the host calls back for memory in the middle of a host call, and what it does then. */
const inRealloc = (body: string): string => `(component
  (import "wasi:random/random@0.2.0" (instance $random
    (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))
  (core module $libc
    (memory (export "memory") 1)
    (func $realloc (export "realloc") (param i32 i32 i32 i32) (result i32) ${body}))
  (core instance $libc (instantiate $libc))
  (core func $get (canon lower (func $random "get-random-bytes")
    (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
  (core module $m
    (import "host" "get" (func $get (param i64 i32)))
    (func (export "f") (result i32) (call $get (i64.const 8) (i32.const 16)) (i32.const 1)))
  (core instance $i (instantiate $m (with "host" (instance (export "get" (func $get))))))
  (func (export "f") (result u32) (canon lift (core func $i "f"))))`;

// Weakening: what is thrown in a call is thrown on in the worker.
test("a stack overflow, unreachable and a wrong pointer in the middle of a host call end the invocation alone", async () => {
  await using well = await Sandbox.open(await textGuest("in-realloc", inRealloc("(i32.const 1024)")), {
    cache: TEST_CACHE,
  });
  for (const body of [
    "(call $realloc (local.get 0) (local.get 1) (local.get 2) (local.get 3)) (drop) (i32.const 0)",
    "(unreachable)",
    "(i32.const 65530)",
    "(i32.const -8)",
    "(loop $again (br $again)) (i32.const 0)",
  ]) {
    const endless = body.startsWith("(loop");
    await using sandbox = await Sandbox.open(await textGuest("in-realloc", inRealloc(body)), {
      cache: TEST_CACHE,
      // The others end by themselves, however busy the machine is.
      limits: endless ? { timeoutMs: 500 } : {},
    });
    const code = endless ? "limit" : "trap";
    const [beside] = await Promise.all([well.call("f"), failsWith(code, /./u, sandbox.call("f"))]);
    assert.equal(beside.value, 1);
    assert.equal((await well.call("f")).value, 1);
  }
});

// Weakening: `StdioOutput` counts nothing against `maxStdoutBytes`.
test("endless output ends the guest at its limit, stdout and stderr together, and the embedder gets no byte more", async () => {
  await using guest = await probe({}, { maxStdoutBytes: 100_000 });
  let taken = 0;
  const take = ({ length }: Uint8Array): void => void (taken += length);
  const endless = guest.run(
    ({ wasi, call }) => {
      const outputs = [call(wasi["stdout"], "getStdout"), call(wasi["stderr"], "getStderr")];
      for (let turn = 0; ; turn += 1) call(outputs[turn % 2], "blockingWriteAndFlush", new Uint8Array(4096));
    },
    undefined,
    { stdout: take, stderr: take },
  );
  const error = await failsWith("limit", /more than 100000 bytes of output/u, endless);
  assert.deepEqual(error.limit, { limit: "stdout-bytes", cap: 100_000 });
  assert.equal(taken, 100_000);
});

// Weakening: neither the stream's permit nor `StdioOutput` checks how much room there is.
test("ten megabytes in one write trap, or are ended by the limit", async () => {
  await using guest = await probe();
  for (const method of ["write", "blockingWriteAndFlush"]) {
    let taken = 0;
    const write = guest.run(
      ({ wasi, call }, name) => call(call(wasi["stdout"], "getStdout"), name, new Uint8Array(10 * 1024 * 1024)),
      method,
      { stdout: ({ length }) => void (taken += length) },
    );
    await failsWith("trap", /./u, write);
    assert.ok(taken <= 64 * 1024);
  }
});

/** ESC, "[2J", BEL and CR between letters. */
const SEQUENCES = "a\u001B[2Jb\u0007c\rd\u009Be\n";

/** A program that writes them byte by byte, so that each write ends in the middle of a sequence. */
function sequencesProgram(): Promise<string> {
  const bytes = [...Buffer.from(SEQUENCES)];
  const stores = bytes.map((byte, at) => `(i32.store8 (i32.const ${1024 + at}) (i32.const ${byte}))`).join(" ");
  const writes = bytes.map(
    (_byte, at) => `(call $write (local.get $out) (i32.const ${1024 + at}) (i32.const 1) (i32.const 0))`,
  );
  const body = `${stores} (local.set $out (call $get-stdout)) ${writes.join(" ")}`;
  return textGuest("terminal", commandText(body));
}

// Weakening: `guestOutput` takes a terminal for a pipe.
test(
  "a program's terminal sequences are neutralised on a terminal",
  needing(["terminal"], async () => {
    const program = await sequencesProgram();
    // A first load that takes long says so on a terminal.
    await cordon(["run", program]);
    const shown = await cordonOnTerminal(["run", program]);
    assert.equal(shown.code, 0);
    assert.equal(shown.stdout, String.raw`a\u{1b}[2Jb\u{7}c\u{d}d\u{9b}e` + "\n");
  }),
);

// Weakening: `guestOutput` takes a pipe for a terminal.
test("a program's terminal sequences go through a pipe as they are", async () => {
  const piped = await cordon(["run", await sequencesProgram()]);
  assert.equal(piped.code, 0);
  assert.equal(piped.stdout, SEQUENCES);
});

// Weakening: `ResourceTable` has no bound.
test("handles of every kind are bounded, and the next call has its own", { timeout: 120_000 }, async () => {
  using place = playgroundWithSecret();
  await using guest = await probe({ filesystem: { preopens: [`${place.inside}::/`] } }, { maxHandles: 500 });
  for (const kind of [
    "preopened folders",
    "pollables",
    "pollables of a stream",
    "output streams",
    "input streams",
    "file streams",
    "fields",
    "requests",
    "request options",
    "networks",
    "lookups",
    "fields of a list",
  ]) {
    const leak = guest.run(({ wasi, call, resource, make, folders, open, network }, what) => {
      const held: unknown[] = [];
      const file = open(folders()[0], "file");
      const stdout = call(wasi["stdout"], "getStdout");
      for (;;) {
        if (what === "preopened folders") held.push(folders());
        else if (what === "pollables") held.push(call(wasi["monotonicClock"], "subscribeDuration", 3_600_000_000_000));
        else if (what === "pollables of a stream") held.push(call(stdout, "subscribe"));
        else if (what === "output streams") held.push(call(wasi["stderr"], "getStderr"));
        else if (what === "input streams") held.push(call(wasi["stdin"], "getStdin"));
        else if (what === "file streams") held.push(call(file, "readViaStream", 0));
        else if (what === "fields") held.push(make("http", "Fields"));
        else if (what === "requests") held.push(make("http", "OutgoingRequest", make("http", "Fields")));
        else if (what === "request options") held.push(make("http", "RequestOptions"));
        else if (what === "networks") held.push(network());
        else if (what === "lookups") held.push(call(wasi["lookup"], "resolveAddresses", network(), "127.0.0.1"));
        else held.push(call(resource("http", "Fields"), "fromList", []));
        if (held.length > 10_000) return "without end";
      }
    }, kind);
    const error = await failsWith("limit", /held more than 500 handles/u, leak);
    assert.deepEqual(error.limit, { limit: "handles", cap: 500 }, kind);
    assert.equal(error.usage?.handlesHighWater, 500);
  }
  const dropped = await guest.run(({ make, drop }) => {
    for (let made = 0; made < 5_000; made += 1) drop(make("http", "Fields"));
    return "well";
  });
  assert.equal(dropped, "well");
});
