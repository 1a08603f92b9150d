import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Sandbox, type SandboxOptions } from "../../src/sandbox/index.ts";
import { TEST_CACHE, textGuest } from "../support/guests.ts";

/**
 * What one call leaves is nothing that another finds: memories are used again only when they are cleared, and instances that were made
 * ahead are called once.
 */

/**
 * `found` counts the bytes that are not as a fresh instance has them, in all of its memory and its globals. What is called `leave…`
 * writes to all of it first, and ends in some way.
 */
const KEEPER = `(component
  (core module $m
    (memory (export "memory") 2)
    (data (i32.const 100) "fresh")
    (global $calls (mut i32) (i32.const 0))
    (func $count (result i32) (local $at i32) (local $found i32)
      (loop $next
        (if (i32.load8_u (local.get $at)) (then (local.set $found (i32.add (local.get $found) (i32.const 1)))))
        (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (i32.mul (memory.size) (i32.const 65536)))))
      (i32.add (i32.sub (local.get $found) (i32.const 5)) (global.get $calls)))
    (func $fill
      (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
      (memory.fill (i32.const 0) (i32.const 0xa5) (i32.mul (memory.size) (i32.const 65536))))
    (func (export "found") (result i32) (local $found i32) (local.set $found (call $count)) (call $fill) (local.get $found))
    (func (export "leave") (call $fill))
    (func (export "leave-larger") (drop (memory.grow (i32.const 1))) (call $fill))
    (func (export "leave-trapping") (call $fill) unreachable)
    (func (export "leave-failing") (result i32) (call $fill) (i32.const 1))
    (func (export "leave-spinning") (call $fill) (loop $l (br $l))))
  (core instance $i (instantiate $m))
  (func (export "found") (result u32) (canon lift (core func $i "found")))
  (func (export "leave") (canon lift (core func $i "leave")))
  (func (export "leave-larger") (canon lift (core func $i "leave-larger")))
  (func (export "leave-trapping") (canon lift (core func $i "leave-trapping")))
  (func (export "leave-failing") (result (result)) (canon lift (core func $i "leave-failing")))
  (func (export "leave-spinning") (canon lift (core func $i "leave-spinning"))))`;

const ENDINGS = ["leave", "leave-larger", "leave-trapping", "leave-failing", "leave-spinning", "leave"];

const KINDS: readonly (readonly [name: string, options: SandboxOptions])[] = [
  ["in threads", {}],
  ["with fresh memory", { freshMemory: true }],
  ["in a process", { isolation: "process", osSandbox: "off" }],
];

for (const [name, options] of KINDS) {
  test(`no byte of a call is there for another, ${name}`, async () => {
    await using sandbox = await Sandbox.open(await textGuest("memory-keeper", KEEPER), {
      cache: TEST_CACHE,
      ...options,
    });
    for (const ending of [...ENDINGS, ...ENDINGS]) {
      await sandbox
        .call(ending, [], { limits: { timeoutMs: ending === "leave-spinning" ? 50 : 10_000 } })
        .catch(() => undefined);
      assert.equal((await sandbox.call("found", [])).value, 0, `after ${ending}`);
    }
    const atOnce = await Promise.all(Array.from({ length: 40 }, () => sandbox.call("found", [])));
    assert.deepEqual([...new Set(atOnce.map(({ value }) => value))], [0]);
  });
}

test("nor for another sandbox, of the same component or of another", async () => {
  const path = await textGuest("memory-keeper", KEEPER);
  await using first = await Sandbox.open(path, { cache: TEST_CACHE });
  await using second = await Sandbox.open(path, { cache: TEST_CACHE });
  for (let round = 0; round < 10; round += 1) {
    await first.call("leave", []);
    assert.equal((await second.call("found", [])).value, 0);
  }
});

test("an instance that was made ahead is as one that was not, for its call alone", async () => {
  await using sandbox = await Sandbox.open(await textGuest("memory-keeper", KEEPER), { cache: TEST_CACHE });
  const fuel = new Set<number>();
  for (let round = 0; round < 12; round += 1) {
    // The thread makes one when it has had nothing to do for a millisecond.
    await delay(round % 3 === 0 ? 0 : 20);
    const { value, usage } = await sandbox.call("found", []);
    assert.equal(value, 0);
    fuel.add(usage.fuel ?? 0);
  }
  assert.equal(fuel.size, 1, "its fuel tells whether it was made ahead");
});

test("one with other limits does not get it", async () => {
  const text = KEEPER.replace(
    "(local.set $found (call $count))",
    "(drop (memory.grow (i32.const 3))) (local.set $found (call $count))",
  );
  await using sandbox = await Sandbox.open(await textGuest("memory-grower", text), { cache: TEST_CACHE });
  const sizes = { small: new Set<number>(), large: new Set<number>() };
  for (let round = 0; round < 8; round += 1) {
    await delay(10);
    const cap = round % 2 === 0 ? "small" : "large";
    const memoryBytes = (cap === "small" ? 2 : 8) * 65_536;
    sizes[cap].add((await sandbox.call("found", [], { limits: { memoryBytes } })).usage.memoryHighWaterBytes ?? 0);
  }
  const [[small = 0], [large = 0]] = [[...sizes.small], [...sizes.large]];
  assert.equal(sizes.small.size + sizes.large.size, 2);
  assert.equal(large - small, 3 * 65_536);
});

/** Its start function computes for so many units of fuel, or for ever when it is told so by how its memory may grow. */
const STARTER = `(component
  (core module $m
    (memory (export "memory") 1)
    (global $n (mut i32) (i32.const 0))
    (func $start (loop $l (global.set $n (i32.add (global.get $n) (i32.const 1))) (br_if $l (i32.lt_u (global.get $n) (i32.const 1000)))))
    (start $start)
    (func (export "f") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n)))
  (core instance $i (instantiate $m))
  (func (export "f") (result u32) (canon lift (core func $i "f"))))`;

test("start functions have run once when an instance that was made ahead is called", async () => {
  await using sandbox = await Sandbox.open(await textGuest("memory-starter", STARTER), { cache: TEST_CACHE });
  const fuel = new Set<number>();
  for (let round = 0; round < 8; round += 1) {
    await delay(10);
    const { value, usage } = await sandbox.call("f", []);
    assert.equal(value, 1001);
    fuel.add(usage.fuel ?? 0);
  }
  assert.equal(fuel.size, 1);
});

/** Asks the embedder twice, for what it is told and what it was told, and keeps a number of its own between. */
const ASKER = `(component
  (import "test:host/echo" (instance $host (export "echo" (func (param "n" u32) (result u32)))))
  (core func $echo (canon lower (func $host "echo")))
  (core module $m
    (import "host" "echo" (func $echo (param i32) (result i32)))
    (global $own (mut i32) (i32.const 0))
    (func (export "ask") (param $n i32) (result i32)
      (global.set $own (call $echo (local.get $n)))
      (if (i32.eq (i32.rem_u (local.get $n) (i32.const 3)) (i32.const 2)) (then unreachable))
      (i32.add (i32.mul (global.get $own) (i32.const 1000)) (call $echo (local.get $n)))))
  (core instance $i (instantiate $m (with "host" (instance (export "echo" (func $echo))))))
  (func (export "ask") (param "n" u32) (result u32) (canon lift (core func $i "ask"))))`;

test("what an instance calls is called for its own call, whoever waits, ends and traps beside it", async () => {
  const held: (() => void)[] = [];
  await using sandbox = await Sandbox.open(await textGuest("memory-asker", ASKER), {
    cache: TEST_CACHE,
    grants: { custom: { echo: true } },
    hostFunctions: [
      {
        interface: "test:host/echo",
        name: "echo",
        type: "func(n: u32) -> u32",
        capability: "echo",
        // Every other one waits.
        call: ([n]) => (Number(n) % 2 === 0 ? n : new Promise<unknown>((resolve) => void held.push(() => resolve(n)))),
      },
    ],
  });
  for (let round = 0; round < 4; round += 1) {
    const calls = Array.from({ length: 24 }, (_, index) => sandbox.call("ask", [index + 1]));
    const settled = Promise.allSettled(calls);
    const over = settled.then(() => true);
    // The last that came goes on first.
    while (!(await Promise.race([over, delay(1, false)]))) held.pop()?.();
    for (const [index, ended] of (await settled).entries()) {
      const n = index + 1;
      if (n % 3 === 2) assert.equal((ended as PromiseRejectedResult).reason.code, "trap");
      else assert.equal((ended as PromiseFulfilledResult<{ readonly value: unknown }>).value.value, n * 1001);
    }
  }
});
