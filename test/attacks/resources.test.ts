import assert from "node:assert/strict";
import { test } from "node:test";
import { guestStackBytes } from "../../src/runtime/guest-stack.ts";
import { type CordonError, Sandbox, type SandboxOptions } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, testGuest, textGuest } from "../support/guests.ts";
import { ioText } from "../support/io-guests.ts";
import { probe } from "../support/probe.ts";
import { coreFunction } from "../support/text-guests.ts";

/*
 * Guests that never end, of each kind, beside guests that do nothing wrong; and what can be had of memory and instances. Where a
 * comment names a weakening, the case was seen to fail with it.
 */

const DEADLINE_MS = 400;

/**
 * What a caller may wait beyond the deadline, in milliseconds. Its aim is 100; this machine also runs the other tests, and what is to
 * be found out is a call that hangs.
 */
const PATIENCE_MS = 5_000;

function open(source: string, options: SandboxOptions = {}): Promise<Sandbox> {
  return Sandbox.open(source, { cache: TEST_CACHE, ...options });
}

const swallowing = (body: string): string =>
  `(loop $again (block $caught (try_table (catch_all $caught) ${body})) (br $again))`;
const SPIN = "(loop $l (br $l))";
const WRITE = "(call $write (local.get $a) (i32.const 8192) (i32.const 0) (i32.const 1024))";

/** Sources of guests whose \`f\` never ends by itself. */
const ENDLESS: Readonly<Record<string, () => string>> = {
  "a loop": () => coreFunction(SPIN),
  "a loop in a start function": () => coreFunction("", { fields: `(func $s ${SPIN}) (start $s)` }),
  "tail calls": () => coreFunction("(return_call $t)", { fields: "(func $t (return_call $t))" }),
  "indirect tail calls": () =>
    coreFunction("(return_call $t)", {
      fields: `(type $v (func)) (table 1 1 funcref) (elem (i32.const 0) func $t)
        (func $t (return_call_indirect (type $v) (i32.const 0)))`,
    }),
  "two functions that recurse as a tree": () =>
    coreFunction("(call $r (i32.const 200))", {
      fields: `(func $r (param i32) (if (local.get 0) (then
        (call $r (i32.sub (local.get 0) (i32.const 1))) (call $r (i32.sub (local.get 0) (i32.const 1))))))`,
    }),
  "memory.fill of everything": () =>
    coreFunction("(loop $l (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x4000000)) (br $l))", {
      fields: "(memory 1024)",
    }),
  "memory.copy of everything": () =>
    coreFunction("(loop $l (memory.copy (i32.const 0) (i32.const 1) (i32.const 0x3ffffff)) (br $l))", {
      fields: "(memory 1024)",
    }),
  "memory.grow": () => coreFunction("(loop $l (drop (memory.grow (i32.const 1))) (br $l))", { fields: "(memory 1)" }),
  "table.grow": () =>
    coreFunction("(loop $l (drop (table.grow $t (ref.null func) (i32.const 1))) (br $l))", {
      fields: "(table $t 0 funcref)",
    }),
  "table.fill of everything": () =>
    coreFunction("(loop $l (table.fill $t (i32.const 0) (ref.null func) (i32.const 10000)) (br $l))", {
      fields: "(table $t 10000 10000 funcref)",
    }),
  "try_table around a loop": () => coreFunction(swallowing(SPIN)),
  "recursion within try_table": () =>
    coreFunction("(call $r)", {
      fields: "(func $r (loop $again (block $caught (try_table (catch_all $caught) (call $r))) (br $again)))",
    }),
  "calls of a host function": () =>
    ioText("(loop $l (call $random (i64.const 8) (i32.const 1024)) (br $l)) (i32.const 0)"),
  "calls of a host function that may wait": () =>
    ioText(`(local.set $a (call $stdout)) (loop $l ${WRITE} (br $l)) (i32.const 0)`),
  "calls of a host function within try_table": () =>
    ioText(`${swallowing("(call $random (i64.const 8) (i32.const 1024))")} (i32.const 0)`),
  "a sleep of an hour": () =>
    ioText(`(i32.store (i32.const 8192) (call $sleep (i64.const 3600000000000)))
      (call $poll (i32.const 8192) (i32.const 1) (i32.const 1024)) (i32.const 0)`),
  "sleeps of an hour within try_table": () =>
    ioText(`(i32.store (i32.const 8192) (call $sleep (i64.const 3600000000000)))
      ${swallowing("(call $poll (i32.const 8192) (i32.const 1) (i32.const 1024))")} (i32.const 0)`),
};

/** Ends that are no deadline, for guests that reach another bound before it. */
const EARLIER: Readonly<Record<string, readonly string[]>> = {
  // The stack ends at a trap, or what is caught there goes on until the deadline.
  "recursion within try_table": ["trap", "limit"],
};

// Weakening: a guest that is to end goes on at its checkpoints. For sleeps within try_table: a refused host call does not cut the slice
// short (`EndState.refuseIfOver`), so that the guest is only ended with its thread, and with those who wait there.
for (const [what, text] of Object.entries(ENDLESS)) {
  test(`${what}: ends at its deadline, and nobody beside it does`, { timeout: 60_000 }, async () => {
    await using endless = await open(await textGuest("endless", text()), {
      limits: { timeoutMs: DEADLINE_MS },
      grants: { clocks: { kind: "read" } },
    });
    await using good = await open(await testGuest());
    await using waiting = await probe({ clocks: { kind: "read" } });
    await good.call("add", [1, 1]);
    await waiting.run(() => "warm");
    // More of them than there are threads, so that there is one on every thread.
    const began = performance.now();
    const ends: Promise<readonly [CordonError, number]>[] = Array.from({ length: 6 }, async () => {
      const error = await endless.call("f").then(
        () => assert.fail("it ended well"),
        (thrown: CordonError) => thrown,
      );
      return [error, performance.now() - began] as const;
    });
    const sleepers = Array.from({ length: 8 }, () =>
      waiting.run(({ wasi, call }) => {
        // Beyond the others' deadline: what ends one of those must not end it.
        for (let turn = 0; turn < 10; turn += 1) {
          call(call(wasi["monotonicClock"], "subscribeDuration", 100_000_000), "block");
        }
        return "slept";
      }),
    );
    const sums = Array.from({ length: 20 }, (_, n) => good.call("add", [n, 1]));
    assert.deepEqual(
      (await Promise.all(sums)).map(({ value }) => value),
      Array.from({ length: 20 }, (_, n) => n + 1),
    );
    assert.deepEqual(await Promise.all(sleepers), Array<string>(8).fill("slept"));
    const ended = await Promise.all(ends);
    // What is answered for without having ended has no fuel. A busy machine may do that to some, and not again and again.
    let isEnded = ended.some(([{ usage }]) => usage?.fuel !== undefined);
    for (let attempt = 0; attempt < 10 && !isEnded; attempt += 1) {
      isEnded = await endless.call("f").then(
        () => assert.fail("it ended well"),
        ({ usage }: CordonError) => usage?.fuel !== undefined,
      );
    }
    assert.ok(isEnded);
    for (const [error, elapsed] of ended) {
      const codes = EARLIER[what] ?? ["limit"];
      assert.ok(codes.includes(error.code), error.message);
      if (error.code === "limit") assert.equal(error.limit?.limit, "deadline", error.message);
      assert.ok(elapsed < DEADLINE_MS + PATIENCE_MS, `${Math.round(elapsed)} ms`);
    }
    assert.equal((await good.call("add", [20, 22])).value, 42);
  });
}

test("a memory of 64-bit addresses grows to the cap and not past it, whatever is asked for", async () => {
  const grow = (pages: string): string => `(component
    (core module $m (memory i64 1)
      (func (export "f") (result i32)
        (if (i64.ne (memory.grow (i64.const ${pages})) (i64.const -1)) (then unreachable))
        (loop $again (br_if $again (i64.ne (memory.grow (i64.const 1)) (i64.const -1))))
        (i32.wrap_i64 (memory.size))))
    (core instance $i (instantiate $m))
    (func (export "f") (result u32) (canon lift (core func $i "f"))))`;
  for (const pages of ["17", "65536", "0x100000000", "0x7fffffffffffffff", "-1", "-65536"]) {
    await using sandbox = await open(await textGuest("growing-wide", grow(pages)), {
      limits: { memoryBytes: 2 ** 20 },
    });
    assert.equal((await sandbox.call("f")).value, 16, pages);
  }
});

// Weakening: `GuestMemory.grow` allows whatever is asked.
test("many memories grow to the cap together, however they are grown", async () => {
  const names = Array.from({ length: 40 }, (_, n) => `$m${n}`);
  const body = `(loop $again
      (local.set $grown (i32.const 0))
      ${names.map((name) => `(if (i32.ne (memory.grow ${name} (i32.const 3)) (i32.const -1)) (then (local.set $grown (i32.const 1))))`).join("\n")}
      (br_if $again (local.get $grown)))
    (if (i32.gt_u ${names.reduce((sum, name) => `(i32.add ${sum} (memory.size ${name}))`, "(i32.const 0)")} (i32.const 160)) (then unreachable))`;
  const fields = names.map((name) => `(memory ${name} 1)`).join(" ");
  const source = await textGuest("growing-many", coreFunction(`(local $grown i32) ${body}`, { fields }));
  await using sandbox = await open(source, { limits: { memoryBytes: 160 * 65_536 } });
  const before = process.memoryUsage.rss();
  assert.equal((await sandbox.call("f")).usage.memoryHighWaterBytes, 160 * 65_536 + guestStackBytes());
  await failsWith("limit", /memories start at/, sandbox.call("f", [], { limits: { memoryBytes: 39 * 65_536 } }));
  assert.ok(process.memoryUsage.rss() - before < 64 * 2 ** 20);
});

test(
  "a thousand calls of three kinds at once: each ends as it should, and the process stays small",
  { timeout: 120_000 },
  async () => {
    await using good = await open(await testGuest());
    await using growing = await open(
      await textGuest(
        "growing-touched",
        coreFunction(
          `(drop (memory.grow (i32.const 1023))) (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x4000000))`,
          { fields: "(memory 1)" },
        ),
      ),
    );
    await using trapping = await open(await textGuest("trapping", coreFunction("unreachable")));
    await good.call("add", [1, 1]);
    const before = process.memoryUsage.rss();
    let most = before;
    const look = (): void => void (most = Math.max(most, process.memoryUsage.rss()));
    const calls = Array.from({ length: 1_000 }, async (_, n) => {
      if (n % 10 === 1)
        return growing
          .call("f")
          .then(({ usage }) => usage.memoryHighWaterBytes, String)
          .finally(look);
      if (n % 10 === 2) return trapping.call("f").then(String, ({ code }: CordonError) => code);
      return good
        .call("add", [n, 1])
        .then(({ value }) => value)
        .finally(look);
    });
    const ends = await Promise.all(calls);
    assert.deepEqual(
      ends,
      ends.map((_, n) => (n % 10 === 1 ? 64 * 2 ** 20 + guestStackBytes() : n % 10 === 2 ? "trap" : n + 1)),
    );
    // A hundred guests of 64 MiB each took turns.
    assert.ok(most - before < 1_024 * 2 ** 20, `${Math.round((most - before) / 2 ** 20)} MiB more`);
  },
);

// Weakening: `GuestInstance` takes what ended it for a closing.
test("an instance that trapped or came to a limit answers every later call with the same", async () => {
  const source = `(component
    (core module $m (memory (export "memory") 1)
      (func (export "trap") unreachable) (func (export "spin") (loop $l (br $l))) (func (export "well") (result i32) i32.const 7))
    (core instance $i (instantiate $m))
    (func (export "trap") (canon lift (core func $i "trap")))
    (func (export "spin") (canon lift (core func $i "spin")))
    (func (export "well") (result u32) (canon lift (core func $i "well"))))`;
  await using sandbox = await open(await textGuest("after-trap", source), { limits: { timeoutMs: 1_500 } });
  for (const [name, code] of [
    ["trap", "trap"],
    ["spin", "limit"],
  ] as const) {
    const instance = await sandbox.instantiate();
    assert.equal((await instance.call("well")).value, 7);
    await failsWith(code, /./u, instance.call(name));
    for (let again = 0; again < 3; again += 1) await failsWith(code, /./u, instance.call("well"));
    await instance.close();
  }
  assert.equal((await sandbox.call("well")).value, 7);
});
