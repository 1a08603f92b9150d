import assert from "node:assert/strict";
import { test } from "node:test";
import { Sandbox, type SandboxOptions } from "../../src/sandbox/index.ts";
import { commandText } from "../support/command-guests.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, textGuest } from "../support/guests.ts";

/** What a guest may try with its own end, its output and its handles. */

async function open(body: string, options: SandboxOptions = {}): Promise<Sandbox> {
  const path = await textGuest("after-exit", commandText(body, { data: "after the end\n" }));
  return Sandbox.open(path, { cache: TEST_CACHE, ...options });
}

/** Core code that swallows whatever the given code throws. */
const swallowing = (body: string): string => `(block $caught (try_table (catch_all $caught) ${body}))`;

const EXIT = swallowing("(call $exit (i32.const 3))");
const PRINT = `(call $write (local.get $out) (i32.const 1024) (i32.const 14) (i32.const 0))`;

test("a guest that swallows its exit has exited all the same, and reaches nothing any more", async () => {
  await using sandbox = await open(`(local.set $out (call $get-stdout)) ${EXIT} ${swallowing(PRINT)} ${PRINT}`);
  const { exitCode, stdout } = await sandbox.execute();
  assert.equal(exitCode, 3);
  assert.equal(stdout.length, 0);
});

test("a second exit does not change the first", async () => {
  await using sandbox = await open(`${EXIT} ${swallowing("(call $exit (i32.const 0))")}`);
  assert.equal((await sandbox.execute()).exitCode, 3);
});

test(
  "a guest that spins after its exit is ended at its next checkpoint, by its exit",
  { timeout: 30_000 },
  async () => {
    await using sandbox = await open(`${EXIT} (loop $again (br $again))`, { limits: { timeoutMs: 20_000 } });
    assert.equal((await sandbox.execute()).exitCode, 3);
    await using next = await open(EXIT);
    assert.equal((await next.execute()).exitCode, 3);
  },
);

test("a guest that swallows the end by a limit is ended by it all the same", async () => {
  const leaking = `(loop $again ${swallowing("(drop (call $get-stdout))")} (br_if $again (i32.const 0)))`;
  await using sandbox = await open(leaking.repeat(5), { limits: { maxHandles: 2 } });
  const error = await failsWith("limit", /held more than 2 handles/, sandbox.execute());
  assert.deepEqual(error.limit, { limit: "handles", cap: 2 });
});

test("many programs that exit at once end each for itself", async () => {
  await using sandbox = await open(`(local.set $out (call $get-stdout)) ${PRINT} (call $exit (i32.const 5))`);
  const ended = await Promise.all(Array.from({ length: 50 }, () => sandbox.execute()));
  for (const { exitCode, stdout } of ended) {
    assert.equal(exitCode, 5);
    assert.equal(Buffer.from(stdout).toString(), "after the end\n");
  }
});

test("a handle that was dropped, or is another's or none, traps", async () => {
  for (const wrong of [
    `(local.set $out (call $get-stdout)) (call $drop-output (local.get $out)) ${PRINT}`,
    `(local.set $out (call $get-stdout)) (call $drop-output (local.get $out)) (call $drop-output (local.get $out))`,
    `(local.set $out (call $get-stdin)) ${PRINT}`,
    `(local.set $out (i32.const 77)) ${PRINT}`,
    `(local.set $out (i32.const 0)) ${PRINT}`,
    `(local.set $out (i32.const -1)) ${PRINT}`,
    `(call $drop-input (call $get-stdout))`,
  ]) {
    await using sandbox = await open(wrong);
    await failsWith("trap", /./, sandbox.execute());
  }
});
