import assert from "node:assert/strict";
import { test } from "node:test";
import { Sandbox, type SandboxOptions } from "../../src/sandbox/index.ts";
import { commandText } from "../support/command-guests.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, testGuest, textGuest } from "../support/guests.ts";

/** Copies stdin to stdout, 100 bytes at a time, and exits with 7 at its end. */
const CAT = `
  (local.set $in (call $get-stdin))
  (local.set $out (call $get-stdout))
  (loop $again
    (call $read (local.get $in) (i64.const 100) (i32.const 16))
    (if (i32.eqz (i32.load8_u (i32.const 16)))
      (then
        (call $write (local.get $out) (i32.load (i32.const 20)) (i32.load (i32.const 24)) (i32.const 32))
        (br $again))))
  (call $exit (i32.const 7))`;

const HELLO = `
  (local.set $out (call $get-stdout))
  (call $write (local.get $out) (i32.const 1024) (i32.const 6) (i32.const 0))`;

async function open(text: string, options: SandboxOptions = {}): Promise<Sandbox> {
  return Sandbox.open(await textGuest("command", text), { cache: TEST_CACHE, ...options });
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

for (const version of ["0.2.0", "0.2.3", "0.2.12", "0.2.13"]) {
  test(`a program of WASI ${version} runs`, async () => {
    await using sandbox = await open(commandText(HELLO, { data: "hello\n", version }));
    const { exitCode, stdout, usage } = await sandbox.execute();
    assert.equal(exitCode, 0);
    assert.equal(text(stdout), "hello\n");
    assert.equal(usage.handlesHighWater, 1);
  });
}

for (const version of ["0.2.0-rc-2023-12-05", "0.3.0", "1.0.0"]) {
  test(`a program of WASI ${version} is refused, and every import is named`, async () => {
    const refused = open(commandText(HELLO, { version }));
    await failsWith("unsupported", /wasi:io\/streams@.*wasi:cli\/stdout@/, refused);
  });
}

test("a program reads the stdin it was granted, and its exit code is passed on", async () => {
  const source = commandText(CAT);
  const input = "abc\n".repeat(1000);
  await using granted = await open(source, { grants: { stdin: true } });
  for (const stdin of [input, Buffer.from(input), chunks(input)]) {
    const { exitCode, stdout } = await granted.execute([], { stdin });
    assert.equal(exitCode, 7);
    assert.equal(text(stdout), input);
  }
  await using denied = await open(source);
  const { exitCode, stdout } = await denied.execute([], { stdin: input });
  assert.equal(exitCode, 7);
  assert.equal(text(stdout), "");
});

async function* chunks(input: string): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < input.length; at += 333) yield Buffer.from(input.slice(at, at + 333));
}

test("output is handed on as it comes, and the guest waits for the one who takes it", async () => {
  await using sandbox = await open(commandText(CAT), { grants: { stdin: true } });
  const log: string[] = [];
  const input = (async function* () {
    for (const line of ["one", "two", "three"]) {
      log.push(`in ${line}`);
      yield Buffer.from(line);
    }
  })();
  await sandbox.execute([], {
    stdin: input,
    stdout: async (chunk) => {
      await new Promise(setImmediate);
      log.push(`out ${text(chunk)}`);
    },
  });
  assert.deepEqual(log.filter((line) => line.startsWith("out")).join(), "out one,out two,out three");
  assert.ok(log.indexOf("out one") < log.indexOf("in three"), log.join());
});

test("a sink that fails closes the stream, and nothing else", async () => {
  await using sandbox = await open(commandText(`${HELLO} ${HELLO}`, { data: "hello\n" }));
  const { exitCode } = await sandbox.execute([], { stdout: () => Promise.reject(new Error("full")) });
  assert.equal(exitCode, 0);
  assert.equal(text((await sandbox.execute()).stdout), "hello\nhello\n");
});

test("streams of another kind are refused before the guest starts", async () => {
  await using sandbox = await open(commandText(HELLO, { data: "hello\n" }));
  const odd = (options: object): Promise<unknown> => sandbox.execute([], options);
  await failsWith("usage", /option stdout of Sandbox\.execute: it is a function/u, odd({ stdout: {} }));
  await failsWith("usage", /option stderr of Sandbox\.execute: it is a function/u, odd({ stderr: "file" }));
  await failsWith("usage", /option stdin of Sandbox\.execute: it is a string/u, odd({ stdin: 5 }));
});

test("an exit within a call of an export is an error of the guest, with its status", async () => {
  await using sandbox = await open(commandText("(call $exit (i32.const 9))"));
  const error = await failsWith("guest-error", /exited with status 9/, sandbox.call("run"));
  assert.deepEqual(error.payload, { exitCode: 9 });
});

test("a program that returns an error has exit code 1", async () => {
  await using sandbox = await open(commandText("(return (i32.const 1))"));
  assert.equal((await sandbox.execute()).exitCode, 1);
});

test("a component that is no program is not run as one, and arguments are strings without NUL", async () => {
  await using library = await Sandbox.open(await testGuest(), { cache: TEST_CACHE });
  await failsWith("usage", /does not export wasi:cli\/run/, library.execute());
  await using sandbox = await open(commandText(HELLO));
  await failsWith("usage", /argument 2/, sandbox.execute(["a", "b\0c"]));
});

test("more output than is allowed ends the program, and what fits was handed on", async () => {
  const endless = `(local.set $out (call $get-stdout))
    (loop $again (call $write (local.get $out) (i32.const 1024) (i32.const 4096) (i32.const 0)) (br $again))`;
  await using sandbox = await open(commandText(endless), { limits: { maxStdoutBytes: 10_000 } });
  let taken = 0;
  const error = await failsWith("limit", /./, sandbox.execute([], { stdout: ({ length }) => void (taken += length) }));
  assert.deepEqual(error.limit, { limit: "stdout-bytes", cap: 10_000 });
  assert.equal(taken, 10_000);
});

test("handles past the cap end the program", async () => {
  const leaking = `(loop $again (drop (call $get-stdout)) (br $again))`;
  await using sandbox = await open(commandText(leaking), { limits: { maxHandles: 100 } });
  const error = await failsWith("limit", /held more than 100 handles/, sandbox.execute());
  assert.equal(error.usage?.handlesHighWater, 100);
});
