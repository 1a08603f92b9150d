import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { before, test } from "node:test";
import { guestStackBytes } from "../../src/runtime/guest-stack.ts";
import { CordonError, Sandbox, type SandboxOptions } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, testGuest, textGuest, wasiProbe } from "../support/guests.ts";
import { coreFunction, STUBBORN } from "../support/text-guests.ts";

let guest: string;
before(async () => {
  guest = await testGuest();
});

function open(source: string, options: SandboxOptions = {}): Promise<Sandbox> {
  return Sandbox.open(source, { cache: TEST_CACHE, ...options });
}

async function core(name: string, body: string, fields = ""): Promise<string> {
  return textGuest(name, coreFunction(body, { fields }));
}

const SPIN = "(loop $l (br $l))";

/** Spins in its `realloc`, which the host calls to hand over the message of a denial. */
const STUBBORN_SPIN = STUBBORN("http://203.0.113.1/").replace("i32.const 4096))", `${SPIN} i32.const 4096))`);

test("a guest that has used up its fuel is ended, at the same instruction each time", async () => {
  await using sandbox = await open(guest, { limits: { fuel: 5_000_000 } });
  const uses = new Set<number | undefined>();
  for (let round = 0; round < 3; round += 1) {
    const error = await failsWith("limit", /used up its 5000000 units of fuel/, sandbox.call("spin"));
    assert.deepEqual(error.limit, { limit: "fuel", cap: 5_000_000 });
    uses.add(error.usage?.fuel);
  }
  assert.equal(uses.size, 1);
  const [used = 0] = uses;
  assert.ok(used > 5_000_000 && used < 5_001_000, `${used}`);
});

test("the same call uses the same fuel, and another call another", async () => {
  await using sandbox = await open(guest);
  const fuelOf = async (size: number): Promise<number> => (await sandbox.call("allocate", [size])).usage.fuel ?? 0;
  const [once, again, more] = [await fuelOf(1), await fuelOf(1), await fuelOf(2)];
  assert.equal(once, again);
  assert.ok(more > once);
  await using elsewhere = await open(guest);
  assert.equal((await elsewhere.call("allocate", [1])).usage.fuel, once);
});

test("fuel that is just enough is enough, and one unit less is not", async () => {
  await using sandbox = await open(
    await core(
      "counting",
      "(local $n i32) (local.set $n (i32.const 1000)) (loop $l (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))",
    ),
  );
  const fuel = (await sandbox.call("f")).usage.fuel ?? 0;
  assert.ok(fuel > 1000);
  assert.equal((await sandbox.call("f", [], { limits: { fuel } })).usage.fuel, fuel);
  await failsWith("limit", /fuel/, sandbox.call("f", [], { limits: { fuel: fuel - 1 } }));
  // One that ends without coming by a checkpoint after the last of it.
  await using script = await open(guest);
  const added = (await script.call("add", [1, 2])).usage.fuel ?? 0;
  assert.equal((await script.call("add", [1, 2], { limits: { fuel: added } })).value, 3);
  await failsWith("limit", /fuel/, script.call("add", [1, 2], { limits: { fuel: added - 1 } }));
});

for (const [name, body, fields] of [
  ["catch_all", `(loop $again (block $caught (try_table (catch_all $caught) ${SPIN})) (br $again))`, ""],
  [
    "catch_all around calls",
    "(loop $again (block $caught (try_table (catch_all $caught) (call $s))) (br $again))",
    `(func $s ${SPIN})`,
  ],
] as const) {
  test(`a guest cannot swallow its end by ${name}`, async () => {
    await using sandbox = await open(await core(`swallowing-${name.replaceAll(/\W/g, "-")}`, body, fields));
    await failsWith("limit", /fuel/, sandbox.call("f", [], { limits: { fuel: 3_000_000, timeoutMs: 20_000 } }));
    await failsWith("limit", /did not end/, sandbox.call("f", [], { limits: { timeoutMs: 300 } }));
  });
}

test("recursion that catches the end of its stack ends all the same", async () => {
  const field = `(func $r (loop $again (block $caught (try_table (catch_all $caught) (call $r))) (br $again)))`;
  await using sandbox = await open(await core("catching-recursion", "(call $r)", field), {
    limits: { timeoutMs: 2000 },
  });
  const error = await sandbox.call("f").catch((thrown: unknown) => thrown);
  assert.ok(error instanceof CordonError && ["trap", "limit"].includes(error.code), String(error));
  await using next = await open(guest);
  assert.equal((await next.call("add", [1, 2])).value, 3);
});

test("time on the processor is bounded, and waiting does not count", async () => {
  await using sandbox = await open(await wasiProbe(), { grants: { clocks: { kind: "read" } } });
  const error = await failsWith(
    "limit",
    /took more than 50 ms of the processor/,
    sandbox.call("run", ["for (;;);"], { limits: { cpuTimeMs: 50 } }),
  );
  assert.equal(error.limit?.limit, "cpu-time");
  const wait = "wasi.monotonicClock.subscribeDuration(1_000_000_000).block();";
  const { usage } = await sandbox.call("run", [wait], { limits: { cpuTimeMs: 900 } });
  assert.ok((usage.cpuMs ?? 0) < 900 && usage.wallMs >= 999, JSON.stringify(usage));
});

test("a guest with a share of the processor takes no more than that", async () => {
  await using sandbox = await open(guest);
  const limits = { timeoutMs: 2_000, cpuSharePercent: 20 };
  const { usage } = await failsWith("limit", /did not end/, sandbox.call("spin", [], { limits }));
  const share = (usage?.cpuMs ?? 0) / (usage?.wallMs ?? 1);
  assert.ok(share > 0.1 && share < 0.35, `${share}`);
});

// The first imports nothing that can wait, the second has JavaScript on its stack, and so has the third.
for (const [where, name, source] of [
  ["in an export", "spinning", coreFunction(SPIN)],
  ["in a start function", "spinning-start", coreFunction("", { fields: `(func $s ${SPIN}) (start $s)` })],
  ["in realloc", "spinning-realloc", STUBBORN_SPIN],
] as const) {
  test(`a share of the processor holds where the guest cannot be suspended: ${where}`, async () => {
    await using sandbox = await open(await textGuest(name, source));
    const limits = { timeoutMs: 1_500, cpuSharePercent: 20 };
    const { usage } = await failsWith("limit", /did not end/, sandbox.call("f", [], { limits }));
    const share = (usage?.cpuMs ?? 0) / (usage?.wallMs ?? 1);
    assert.ok(share < 0.35, `${share}`);
  });
}

test("what others take of a busy machine does not count as time on the processor", async () => {
  await using sandbox = await open(guest);
  await sandbox.call("add", [1, 2]);
  const others = Array.from({ length: 2 * availableParallelism() }, () => spawn(process.execPath, ["-e", "for (;;);"]));
  try {
    const before = process.cpuUsage();
    const ends = await Promise.all(
      Array.from({ length: availableParallelism() }, () =>
        failsWith("limit", /did not end/, sandbox.call("spin", [], { limits: { timeoutMs: 1_000 } })),
      ),
    );
    const { user, system } = process.cpuUsage(before);
    const counted = ends.reduce((sum, { usage }) => sum + (usage?.cpuMs ?? 0), 0);
    // Systems count in ticks.
    const mostMs = (user + system) / 1000 + 20 * availableParallelism();
    assert.ok(counted > 0 && counted <= mostMs, `${counted} ms, of ${mostMs} at most`);
  } finally {
    for (const other of others) other.kill("SIGKILL");
  }
});

test("a guest that waits too long in one host call is ended", async () => {
  await using sandbox = await open(await wasiProbe(), {
    grants: { clocks: { kind: "read" } },
    limits: { idleTimeoutMs: 100 },
  });
  const sleep = "try { wasi.monotonicClock.subscribeDuration(3_600_000_000_000).block(); } catch {} for (;;);";
  const error = await failsWith("limit", /nothing happened for 100 ms/, sandbox.call("run", [sleep]));
  assert.equal(error.limit?.limit, "idle-time");
});

test("memory grows to its cap whichever memory grows, and no further", async () => {
  const fields = "(memory $a 1) (memory $b 1)";
  // Grows each until it fails, and returns by trapping unless both together have the cap's 16 pages.
  const body = `(loop $more (br_if $more (i32.ne (memory.grow $a (i32.const 1)) (i32.const -1))))
    (if (i32.ne (memory.grow $b (i32.const 1)) (i32.const -1)) (then unreachable))
    (if (i32.ne (i32.add (memory.size $a) (memory.size $b)) (i32.const 16)) (then unreachable))`;
  await using sandbox = await open(await core("two-memories", body, fields), { limits: { memoryBytes: 2 ** 20 } });
  assert.equal((await sandbox.call("f")).usage.memoryHighWaterBytes, 2 ** 20 + guestStackBytes());
});

test("memory that grows too fast does not grow", async () => {
  const body = `(if (i32.eq (memory.grow (i32.const 7)) (i32.const -1)) (then unreachable))
    (if (i32.ne (memory.grow (i32.const 1000)) (i32.const -1)) (then unreachable))`;
  const limits = { reservedMemoryBytes: 8 * 65_536, memoryGrowthBytesPerSecond: 65_536 };
  await using sandbox = await open(await core("growing-fast", body, "(memory 1)"), { limits });
  assert.equal((await sandbox.call("f")).usage.memoryHighWaterBytes, 8 * 65_536 + guestStackBytes());
});

test("one that spins keeps none from its turn on the same thread", async () => {
  await using sandbox = await open(guest, { limits: { timeoutMs: 10_000 } });
  const end = new AbortController();
  // More than there are threads, so that every thread has one.
  const spinning = Array.from({ length: 8 }, () =>
    failsWith("cancelled", /cancelled/, sandbox.call("spin", [], { signal: end.signal })),
  );
  const sums = await Promise.all(Array.from({ length: 20 }, (_, n) => sandbox.call("add", [n, 1])));
  assert.deepEqual(
    sums.map(({ value }) => value),
    Array.from({ length: 20 }, (_, n) => n + 1),
  );
  end.abort();
  await Promise.all(spinning);
});

test("a guest that spins where it cannot be suspended is ended, and then keeps no thread from others", async () => {
  await using holder = await open(await textGuest("spinning-realloc", STUBBORN_SPIN), { limits: { timeoutMs: 400 } });
  await using sandbox = await open(guest, { limits: { timeoutMs: 20_000 } });
  const holding = Array.from({ length: 4 }, () => failsWith("limit", /did not end within 400 ms/, holder.call("f")));
  const beside = Array.from({ length: 8 }, (_, n) => sandbox.call("add", [n, 1]));
  const holds = (await Promise.all(holding)).map(({ usage }) => usage?.longestHoldMs ?? 0);
  assert.ok(Math.max(...holds) > 0, holds.join());
  assert.equal((await Promise.all(beside)).length, 8);

  const order: string[] = [];
  const again = Array.from({ length: 4 }, () =>
    failsWith("limit", /did not end/, holder.call("f", [], { limits: { timeoutMs: 3000 } })).then(() =>
      order.push("holder"),
    ),
  );
  const sums = Array.from({ length: 20 }, (_, n) => sandbox.call("add", [n, 1]).then(() => order.push("sum")));
  await Promise.all([...again, ...sums]);
  assert.deepEqual(
    order.slice(0, 20),
    Array.from({ length: 20 }, () => "sum"),
  );
});

// Weakening: a worker that a guest holds stays the others'. Nobody is sent to it, since it never takes a break.
test("guests that cannot be suspended hold every thread, and the others get threads", { timeout: 60_000 }, async () => {
  await using spinning = await open(await textGuest("unsuspendable", coreFunction("(loop $l (br $l))")), {
    limits: { profile: "large" },
  });
  await using good = await open(await testGuest());
  const end = new AbortController();
  const spins = Array.from({ length: availableParallelism() + 1 }, () =>
    failsWith("cancelled", /was cancelled/, spinning.call("f", [], { signal: end.signal })),
  );
  const sums = await Promise.all(Array.from({ length: 20 }, (_, n) => good.call("add", [n, 1])));
  assert.deepEqual(
    sums.map(({ value }) => value),
    Array.from({ length: 20 }, (_, n) => n + 1),
  );
  end.abort();
  await Promise.all(spins);
});
