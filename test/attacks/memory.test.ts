import assert from "node:assert/strict";
import { before, test } from "node:test";
import { guestStackBytes } from "../../src/runtime/guest-stack.ts";
import { Sandbox, type SandboxOptions } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, testGuest, textGuest } from "../support/guests.ts";
import { coreFunction, TWO_MEMORIES } from "../support/text-guests.ts";

const MIB = 1024 * 1024;

let guest: string;
before(async () => {
  guest = await testGuest();
});

function open(source: string, options: SandboxOptions = {}): Promise<Sandbox> {
  return Sandbox.open(source, { cache: TEST_CACHE, ...options });
}

/** Grows its one memory a page at a time until it fails, and returns the pages. */
const GROWING = (memory: string): string => `(component
  (core module $m
    ${memory}
    (func (export "f") (result i32)
      (loop $again (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
      memory.size))
  (core instance $i (instantiate $m))
  (func (export "f") (result u32) (canon lift (core func $i "f"))))`;

test("memory grows to the cap and not past it", async () => {
  await using sandbox = await open(await textGuest("growing", GROWING("(memory 1)")));
  for (const cap of [65_536, 4 * MIB, 100 * MIB, 100 * MIB + 65_535]) {
    const { value, usage } = await sandbox.call("f", [], { limits: { memoryBytes: cap } });
    assert.equal(value, Math.floor(cap / 65_536));
    assert.equal(usage.memoryHighWaterBytes, Math.floor(cap / 65_536) * 65_536 + guestStackBytes());
  }
});

test("a module's own maximum holds when it is lower", async () => {
  await using sandbox = await open(await textGuest("growing-capped", GROWING("(memory 1 7)")));
  assert.equal((await sandbox.call("f", [], { limits: { memoryBytes: 64 * MIB } })).value, 7);
});

test("the cap holds for the sum of all memories", async () => {
  await using sandbox = await open(await textGuest("two-memories", TWO_MEMORIES));
  for (const pages of [2, 3, 64, 1601]) {
    const { value, usage } = await sandbox.call("f", [], { limits: { memoryBytes: pages * 65_536 } });
    assert.ok(Number(value) <= pages, `${String(value)} pages under a cap of ${pages}`);
    assert.ok(Number(value) >= pages - 1, `${String(value)} pages are too few for a cap of ${pages}`);
    assert.equal(usage.memoryHighWaterBytes, Number(value) * 65_536 + guestStackBytes());
  }
});

test("a memory that starts over the cap is refused before it is made", async () => {
  await using sandbox = await open(await textGuest("gigabyte", coreFunction("", { fields: "(memory 16384)" })));
  const before = process.memoryUsage().rss;
  const error = await failsWith("limit", /its memories start at 1073741824 bytes, over the cap/, sandbox.call("f"));
  assert.deepEqual(error.limit, { limit: "memory", cap: 128 * MIB, used: 1024 * MIB });
  assert.ok(process.memoryUsage().rss - before < 64 * MIB);
});

test("memories of calls that ended are let go, however many there are one after the other", async () => {
  const body = `(drop (memory.grow (i32.const 1023))) (memory.fill (i32.const 0) (i32.const 7) (i32.const ${64 * MIB}))`;
  await using sandbox = await open(await textGuest("filling", coreFunction(body, { fields: "(memory 1)" })));
  await sandbox.call("f");
  const before = process.memoryUsage.rss();
  let most = 0;
  for (let call = 0; call < 60; call += 1) {
    assert.equal((await sandbox.call("f")).usage.memoryHighWaterBytes, 64 * MIB + guestStackBytes());
    most = Math.max(most, process.memoryUsage.rss() - before);
  }
  assert.ok(most < 1024 * MIB, `the process grew by ${most} bytes`);
});

// Weakening: the artifact's key is the same for both.
test("shared memory is refused at load, unless it is allowed, and whoever else was allowed it", async () => {
  const shared = await textGuest("shared", coreFunction("", { fields: "(memory 1 2 shared)" }));
  await failsWith("unsupported", /uses shared memory.*allow it with sharedMemory: true/, open(shared));
  await using sandbox = await open(shared, { sharedMemory: true });
  await sandbox.call("f");
  await failsWith("unsupported", /uses shared memory/, open(shared));
  await failsWith("usage", /it is true or false/, open(shared, { sharedMemory: "false" as unknown as boolean }));
  const atomic = await textGuest(
    "atomic",
    coreFunction("(drop (i32.atomic.load (i32.const 0)))", { fields: "(memory 1)" }),
  );
  await failsWith("unsupported", /uses atomic instructions.*allow it with sharedMemory: true/, open(atomic));
});

for (const isolation of ["thread", "process"] as const) {
  test(`allowed shared memory has the cap, and no wait in it blocks (${isolation})`, { timeout: 60_000 }, async () => {
    const body = (code: string): string =>
      coreFunction(code, { locals: "(result i32)", fields: "(memory 1 1000 shared)" }).replace(
        "(canon lift",
        "(result u32) (canon lift",
      );
    const run = async (code: string): Promise<unknown> => {
      const options = { sharedMemory: true, isolation, limits: { memoryBytes: 16 * 65_536 } } as const;
      await using sandbox = await open(await textGuest("sharing", body(code)), options);
      return (await sandbox.call("f")).value;
    };
    const grown = `(loop $again (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) (memory.size)`;
    assert.equal(await run(grown), 16);
    assert.equal(
      await run("(i32.atomic.rmw.add (i32.const 8) (i32.const 5)) (i32.add (i32.atomic.load (i32.const 8)))"),
      5,
    );
    assert.equal(await run("(memory.atomic.notify (i32.const 0) (i32.const 1))"), 0);
    const wait = (expected: number, timeout: string): string =>
      `(memory.atomic.wait32 (i32.const 0) (i32.const ${expected}) (i64.const ${timeout}))`;
    assert.equal(await run(wait(1, "-1")), 1);
    assert.equal(await run(wait(0, "0")), 2);
    for (const timeout of ["-1", "3600000000000"]) await failsWith("trap", /unreachable/, run(wait(0, timeout)));
  });
}

test("a module that imports from the host's own namespace is refused at load", async () => {
  const forging = await textGuest(
    "forging",
    `(component
      (core module $a (memory (export "m0") 1))
      (core instance $a (instantiate $a))
      (core module $b (import "cordon:memory" "m0" (memory 1)))
      (core instance $b (instantiate $b (with "cordon:memory" (instance $a)))))`,
  );
  await failsWith("invalid-component", /reserved for the host/, open(forging));
});

test("a script that allocates past the cap ends, and the next call works", async () => {
  await using sandbox = await open(guest, { limits: { memoryBytes: 16 * MIB } });
  await failsWith("trap", /trapped/, sandbox.call("allocate", [64]));
  assert.equal((await sandbox.call("add", [1, 2])).value, 3);
});

/** Returns a list of `length` elements of `size` bytes, all of them the same mebibyte; `element` is its WIT type. */
const AMPLIFYING = (element: string): string => `(component
  (core module $m
    (memory (export "memory") 128)
    (func (export "f") (param $length i32) (result i32)
      (local $at i32)
      (memory.fill (i32.const 0x200000) (i32.const 0x61) (i32.const 0x100000))
      (local.set $at (i32.const 16))
      (loop $again
        (i32.store (local.get $at) (i32.const 0x200000))
        (i32.store offset=4 (local.get $at) (i32.const 0x100000))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br_if $again (i32.lt_u (local.get $at) (i32.const 0x200000))))
      (i32.store (i32.const 0) (i32.const 16))
      (i32.store (i32.const 4) (local.get $length))
      i32.const 0))
  (core instance $i (instantiate $m))
  (func (export "f") (param "length" u32) (result (list ${element}))
    (canon lift (core func $i "f") (memory (core memory $i "memory")))))`;

for (const element of ["string", "(list u8)", "(list u32)"]) {
  test(`a list of many ${element} that are all the same mebibyte is stopped before it is made`, async () => {
    const name = `amplifying-${element.replaceAll(/[^a-z0-9]/g, "")}`;
    await using sandbox = await open(await textGuest(name, AMPLIFYING(element)));
    assert.equal(((await sandbox.call("f", [3])).value as unknown[]).length, 3);
    const before = process.memoryUsage().rss;
    const error = await failsWith("limit", /copy more than 67108864 bytes/, sandbox.call("f", [200_000]));
    assert.equal(error.limit?.limit, "host-memory");
    const grown = process.memoryUsage().rss - before;
    assert.ok(grown < 256 * MIB, `the process grew by ${grown} bytes`);
    await using next = await open(guest);
    assert.equal((await next.call("add", [1, 2])).value, 3);
  });
}

test("a list of a hundred million booleans ends the guest, not the process", async () => {
  const text = `(component
    (core module $m
      (memory (export "memory") 1600)
      (func (export "f") (result i32)
        (i32.store (i32.const 0) (i32.const 16))
        (i32.store (i32.const 4) (i32.const 100000000))
        i32.const 0))
    (core instance $i (instantiate $m))
    (func (export "f") (result (list bool)) (canon lift (core func $i "f") (memory (core memory $i "memory")))))`;
  await using sandbox = await open(await textGuest("many-booleans", text));
  const error = await failsWith("limit", /copy more than 67108864 bytes/, sandbox.call("f"));
  assert.equal(error.limit?.limit, "host-memory");
  await using next = await open(guest);
  assert.equal((await next.call("add", [1, 2])).value, 3);
});
