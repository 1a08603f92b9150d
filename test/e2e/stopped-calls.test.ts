import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { type CordonError, type IsolationLevel, Sandbox } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, temporaryFolder, textGuest } from "../support/guests.ts";

/*
 * Calls that are ended from outside: what they did until then is recorded and accounted for, at every level of isolation.
 */

/** Longer than the path of any temporary folder. */
const PATH_LENGTH = 160;

/** Makes one file after another, for ever, in a folder whose name it is given. */
const MAKES_FILES = `(component
  (import "sandbox:skill/filesystem-write" (instance $fs
    (export "write-file" (func (param "path" string) (param "content" string) (result (result (error string)))))))
  (core module $libc (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 4096))
  (core instance $libc (instantiate $libc))
  (core func $write
    (canon lower (func $fs "write-file") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
  (core module $m
    (import "fs" "write" (func $write (param i32 i32 i32 i32 i32)))
    (import "libc" "memory" (memory 1))
    (func (export "make") (param $path i32) (param $length i32)
      (local $at i32)
      (loop $again
        ;; The path ends in digits, which count.
        (local.set $at (i32.sub (i32.add (local.get $path) (local.get $length)) (i32.const 1)))
        (block $counted
          (loop $carry
            (i32.store8 (local.get $at) (i32.add (i32.load8_u (local.get $at)) (i32.const 1)))
            (br_if $counted (i32.le_u (i32.load8_u (local.get $at)) (i32.const 57)))
            (i32.store8 (local.get $at) (i32.const 48))
            (local.set $at (i32.sub (local.get $at) (i32.const 1)))
            (br $carry)))
        (call $write (local.get $path) (local.get $length) (i32.const 256) (i32.const 8) (i32.const 512))
        (br $again))))
  (core instance $i
    (instantiate $m (with "libc" (instance $libc)) (with "fs" (instance (export "write" (func $write))))))
  (func (export "make") (param "path" string)
    (canon lift (core func $i "make") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc")))))`;

const WORKS_AND_SPINS = `(component
  (core module $m
    (func (export "work") (param $n i32)
      (loop $l (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func (export "spin") (loop $l (br $l))))
  (core instance $i (instantiate $m))
  (func (export "work") (param "n" u32) (canon lift (core func $i "work")))
  (func (export "spin") (canon lift (core func $i "spin"))))`;

/** After how many events the call is stopped: there are more on their way. */
const STOPPED_AT = 100;

/** A machine that is busy may have the call answered before its guest could say what it used. */
const ATTEMPTS = 10;

interface Stopped {
  readonly error: CordonError;
  readonly events: number;
  readonly files: number;
  readonly totals: Sandbox["totals"];
}

for (const isolation of ["thread", "process"] satisfies readonly IsolationLevel[]) {
  describe(`at the isolation level ${isolation}`, () => {
    /** Has files made until the call is stopped. */
    async function stopped(context: TestContext, how: "cancel" | "close", listenMs = 0): Promise<Stopped> {
      const folder = await temporaryFolder(context);
      const stop = new AbortController();
      let events = 0;
      await using sandbox: Sandbox = await Sandbox.open(await textGuest("makes-files", MAKES_FILES), {
        cache: TEST_CACHE,
        isolation,
        grants: { filesystem: { write: [folder] } },
        onEvent: () => {
          events += 1;
          const until = performance.now() + listenMs;
          while (performance.now() < until);
          if (events !== STOPPED_AT) return;
          if (how === "cancel") stop.abort();
          else void sandbox.close();
        },
      });
      const path = join(folder, "0".repeat(PATH_LENGTH - folder.length));
      const error = await failsWith(
        "cancelled",
        /was cancelled/,
        sandbox.call("make", [path], { signal: stop.signal }),
      );
      return { error, events, files: readdirSync(folder).length, totals: sandbox.totals };
    }

    /** The first that says what it used. */
    async function accounted(context: TestContext, ...how: ["cancel" | "close", number?]): Promise<Stopped> {
      for (let attempt = 1; ; attempt += 1) {
        const one = await stopped(context, ...how);
        if (one.error.usage?.fuel !== undefined || attempt === ATTEMPTS) return one;
      }
    }

    const cases = [
      ["is cancelled", "cancel", 0],
      ["is cancelled under a slow listener", "cancel", 2],
      ["ends with its sandbox", "close", 0],
      ["ends with the last sandbox", "close", 0],
    ] as const;
    for (const [name, how, listenMs] of cases) {
      test(`a call that ${name} has every access recorded, and says what it used`, async (context) => {
        const isLast = name.endsWith("the last sandbox");
        // The pool ends with the last.
        const other = await textGuest("works-and-spins", WORKS_AND_SPINS);
        await using _other = isLast ? undefined : await Sandbox.open(other, { cache: TEST_CACHE, isolation });
        const { error, events, files, totals } = await accounted(context, how, listenMs);
        assert.equal(events, files);
        assert.equal(error.usage?.hostCalls, files);
        assert.ok(files >= STOPPED_AT);
        assert.ok((error.usage?.fuel ?? 0) > 0);
        assert.equal(totals.hostCalls, files);
        assert.equal(totals.fuel, error.usage?.fuel);
      });
    }

    test("an instance that is cancelled has no more fuel than it left", async () => {
      const fuel = 50_000_000_000;
      await using sandbox = await Sandbox.open(await textGuest("works-and-spins", WORKS_AND_SPINS), {
        cache: TEST_CACHE,
        isolation,
      });
      let known = false;
      for (let attempt = 1; attempt <= ATTEMPTS && !known; attempt += 1) {
        const stop = new AbortController();
        const instance = await sandbox.instantiate({ limits: { fuel }, signal: stop.signal });
        await instance.call("work", [1_000]);
        const left = instance.fuelRemaining;
        const before = sandbox.totals.fuel;
        const spinning = failsWith("cancelled", /was cancelled/, instance.call("spin"));
        stop.abort();
        const { usage } = await spinning;
        known = usage?.fuel !== undefined;
        assert.ok(left < fuel);
        assert.ok(instance.fuelRemaining <= left, `${instance.fuelRemaining}`);
        assert.equal(instance.fuelRemaining, usage?.fuel === undefined ? 0 : fuel - usage.fuel);
        assert.equal(sandbox.totals.fuel - before, usage?.fuel ?? 0);
      }
      assert.ok(known, "none of them said what it used");
    });
  });
}
