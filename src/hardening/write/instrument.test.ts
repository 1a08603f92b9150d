import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse } from "../../../test/support/wasm-tools.ts";
import { type Guard, type GuardOptions, hardenedImports, makeGuard } from "../../../test/support/guard.ts";
import { failsWith } from "../../../test/support/errors.ts";
import { GUARD_FIELDS, GUARD_NAMESPACE } from "../../shared/plan/hardening-profile.ts";
import { hardenModule } from "../harden-module.ts";

type Call = (...parameters: unknown[]) => unknown;

interface Metered {
  readonly guard: Guard;
  /** Calls an export; gives its result and the fuel that took. */
  readonly run: (name: string, ...parameters: unknown[]) => readonly [result: unknown, fuel: number];
  readonly exports: Record<string, unknown>;
}

async function metered(
  text: string,
  options: GuardOptions = {},
  imports: Record<string, Record<string, unknown>> = {},
  counter: "shared" | "own" = "own",
): Promise<Metered> {
  const hardened = hardenModule(await parse(text), { meter: true, counter });
  const guard = makeGuard(options);
  const compiled = new WebAssembly.Module(hardened.bytes);
  const { exports } = new WebAssembly.Instance(compiled, { ...imports, ...hardenedImports(hardened, guard) });
  guard.track(exports);
  const run = (name: string, ...parameters: unknown[]): readonly [unknown, number] => {
    const before = guard.fuel;
    const result = (exports[name] as Call)(...parameters);
    return [result, before - guard.fuel];
  };
  return { guard, run, exports };
}

/** Two paths through an iteration, one with so many additions and one more. The iteration itself costs 7. */
const alternating = (additions: number): string => `(module
  (func (export "f") (param $iterations i32) (param $path i32) (result i32) (local $sum i32)
    (loop $next
      (if (local.get $path)
        (then (local.set $sum (i32.add (local.get $sum) (i32.const 1)))
          ${"(local.set $sum (i32.add (local.get $sum) (i32.const 1)))".repeat(additions)}))
      (br_if $next (local.tee $iterations (i32.sub (local.get $iterations) (i32.const 1)))))
    (local.get $sum)))`;

describe("what is charged", () => {
  test("straight code costs what its instructions do", async () => {
    const { run } = await metered(`(module
      (func (export "empty"))
      (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
      (func (export "divide") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
      (func (export "locals") (local i64 i64 i64 i64 i64 i64 i64 i64) (local f32 f32 f32 f32 f32 f32 f32 f32 f32))
      (func (export "free") (nop) (block (nop)) (drop (i32.const 1))))`);
    assert.deepEqual(run("empty"), [undefined, 0]);
    assert.deepEqual(run("add", 2, 3), [5, 3]);
    assert.deepEqual(run("divide", 7, 2), [3, 6]);
    assert.deepEqual(run("locals"), [undefined, 2]);
    assert.deepEqual(run("free"), [undefined, 1]);
  });

  test("reading memory costs three units, and writing one", async () => {
    const { run } = await metered(`(module (memory 1)
      (func (export "read") (result i32) (i32.load (i32.const 0)))
      (func (export "write") (i32.store (i32.const 0) (i32.const 1)))
      (func (export "vector") (result i32) (i32x4.extract_lane 0 (v128.load32_zero (i32.const 0)))))`);
    assert.deepEqual([run("read")[1], run("write")[1], run("vector")[1]], [1 + 3, 2 + 1, 1 + 3 + 1]);
  });

  test("arms of an if cost what the dearer does when they differ by little, and their own otherwise", async () => {
    const { run } = await metered(`(module
      (func (export "little") (param i32) (result i32)
        (if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.add (i32.const 1) (i32.const 1)))))
      (func (export "much") (param i32)
        (if (local.get 0) (then ${"(local.set 0 (i32.const 1))".repeat(20)})) (local.set 0 (i32.const 0)))
      (func (export "branch") (param i32) (result i32)
        (block (br_if 0 (local.get 0)) ${"(local.set 0 (i32.const 1))".repeat(20)}) (local.get 0)))`);
    assert.deepEqual(run("little", 1), [1, 5]);
    assert.deepEqual(run("little", 0), [2, 5]);
    assert.deepEqual(run("much", 1), [undefined, 44]);
    assert.deepEqual(run("much", 0), [undefined, 4]);
    assert.deepEqual(run("branch", 0), [1, 43]);
    assert.deepEqual(run("branch", 5), [5, 3]);
  });

  test("calls cost one unit or four, and what the function costs that is called", async () => {
    const { run } = await metered(
      `(module
      (type $t (func (param i32) (result i32)))
      (import "host" "f" (func $host))
      (table funcref (elem $indirect))
      (func $small (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
      (func $indirect (param i32) (result i32) (i32.add (local.get 0) (i32.const 2)))
      (func (export "direct") (result i32) (call $small (i32.const 1)))
      (func (export "table") (result i32) (call_indirect (type $t) (i32.const 1) (i32.const 0)))
      (func (export "tail") (result i32) (return_call $small (i32.const 1)))
      (func (export "host") (call $host) (call $host)))`,
      {},
      { host: { f: () => undefined } },
    );
    assert.deepEqual(run("direct"), [2, 5]);
    assert.deepEqual(run("table"), [3, 9]);
    assert.deepEqual(run("tail"), [2, 5]);
    assert.deepEqual(run("host"), [undefined, 2]);
  });

  test("operations over ranges cost by their length", async () => {
    const { run } = await metered(`(module
      (memory 64) (table $t 2000 funcref) (data $d "0123456789abcdef0123456789abcdef") (elem $e funcref (ref.null func))
      (func (export "fill") (param i32) (memory.fill (i32.const 0) (i32.const 7) (local.get 0)))
      (func (export "copy") (param i32) (memory.copy (i32.const 0) (i32.const 1) (local.get 0)))
      (func (export "init") (memory.init $d (i32.const 0) (i32.const 0) (i32.const 32)))
      (func (export "entries") (param i32) (table.fill (i32.const 0) (ref.null func) (local.get 0)))
      (func (export "grow") (result i32) (table.grow $t (ref.null func) (i32.const 100))))`);
    assert.deepEqual(run("fill", 160), [undefined, 13 + 10]);
    assert.deepEqual(run("copy", 3 * 1024 * 1024), [undefined, 13 + 3 * 65_536]);
    assert.deepEqual(run("init"), [undefined, 13 + 2]);
    assert.deepEqual(run("entries", 1000), [undefined, 13 + 1000]);
    assert.deepEqual(run("grow"), [2000, 12 + 100]);
  });

  test("it is the same each time, and with either counter", async () => {
    const text = `(module (func $fib (export "f") (param i32) (result i32)
      (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
        (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2))))))))`;
    const { run } = await metered(text);
    const [result, fuel] = run("f", 15);
    assert.equal(result, 610);
    assert.deepEqual(run("f", 15), [result, fuel]);
    const shared = await metered(text, {}, {}, "shared");
    assert.deepEqual(shared.run("f", 15), [result, fuel]);
  });

  test("a loop costs for every iteration", async () => {
    const { run } = await metered(`(module
      (func (export "count") (param i32) (result i32) (local i32)
        (loop $next
          (local.set 1 (i32.add (local.get 1) (i32.const 1)))
          (br_if $next (i32.lt_u (local.get 1) (local.get 0))))
        (local.get 1)))`);
    assert.deepEqual(run("count", 1), [1, 9]);
    assert.deepEqual(run("count", 10), [10, 81]);
  });

  test("an iteration of an innermost loop costs the same on all paths, where they differ by little", async () => {
    const { run } = await metered(alternating(0));
    const costs = [0, 1].map((path) => run("f", 100, path)[1] - run("f", 1, path)[1]);
    assert.equal(costs[0], costs[1]);
    assert.equal(costs[0], 99 * (7 + 4));
  });

  // Weakening: an iteration that ends by throwing is none.
  test("also where one of them throws, and is caught", async () => {
    const work = "(local.set $n (i32.const 1))".repeat(10);
    const { run } = await metered(`(module (tag $e)
      (func $throws (param $n i32) (loop $next (br_if $next (i32.eq (local.get $n) (i32.const 77))) ${work} (throw $e)))
      (func (export "f") (result i32) (local $i i32)
        (loop $again (block $caught (try_table (catch $e $caught) (call $throws (i32.const 0))))
          (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100))))
        (local.get $i)))`);
    assert.ok(run("f")[1] > 100 * 20);
  });

  test("and what each path takes, where they differ by much", async () => {
    const { run } = await metered(alternating(20));
    const [short = 0, long = 0] = [0, 1].map((path) => run("f", 100, path)[1] - run("f", 1, path)[1]);
    assert.deepEqual([short, long], [99 * 7, 99 * (7 + 21 * 4)]);
  });
});

describe("the end of the fuel", () => {
  const SPINS: Readonly<Record<string, string>> = {
    "a loop": `(func (export "f") (loop (br 0)))`,
    "a loop by table": `(func (export "f") (loop (br_table 0 0 (i32.const 1))))`,
    "a loop with parameters": `(func (export "f") (i32.const 1) (loop (param i32) (result i32) (br 0)) (drop))`,
    "recursion by tail calls": `(func $f (export "f") (return_call $f))`,
    "a try_table that swallows": `(func (export "f") (loop $again (block $caught (try_table (catch_all $caught) (loop (br 0)))) (br $again)))`,
    "a loop in an unreachable end": `(func (export "f") (block (loop (br 0)) (unreachable)) (unreachable))`,
  };
  for (const [name, body] of Object.entries(SPINS)) {
    test(`ends ${name}`, async () => {
      const { run, guard } = await metered(`(module ${body})`, { fuel: 100_000 });
      assert.throws(() => run("f"), /unreachable/);
      assert.equal(guard.checkpoints, 1);
      assert.ok(guard.fuel < 0);
    });
  }

  test("the host may give more", async () => {
    let slices = 3;
    const { run, guard } = await metered(`(module (func (export "f") (loop (br 0))))`, {
      fuel: 1000,
      refill: () => (slices-- > 0 ? 1000 : undefined),
    });
    assert.throws(() => run("f"), /unreachable/);
    assert.equal(guard.checkpoints, 4);
  });
});

/** The same work in loops of every form, and in recursion; each gets the number of iterations, or the depth, and gives a number. */
const REPETITIONS = `(module
  (memory 1) (global $g (mut i32) (i32.const 0))
  (func (export "straight") (param i32) (result i32) (local i32)
    (loop (global.set $g (local.get 1)) (br_if 0 (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (local.get 0))))
    (i32.add (local.get 1) (global.get $g)))
  (func (export "condition") (param i32) (result i32) (local i32)
    (loop $next (if (i32.lt_u (local.get 1) (local.get 0)) (then (local.set 1 (i32.add (local.get 1) (i32.const 1))) (br $next))))
    (local.get 1))
  (func (export "exits") (param i32) (result i32) (local i32)
    (block $out (loop $next (result i32) (local.set 1 (i32.add (local.get 1) (i32.const 1)))
      (block $again (block $odd (br_table $odd $again $out $odd (select (i32.const 2) (i32.and (local.get 1) (i32.const 1))
        (i32.ge_u (local.get 1) (local.get 0))))) (br $next)) (br_if $out (i32.eqz (local.get 1))) (br $next)) (drop))
    (local.get 1))
  (func $down (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
      (else (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))))
  (func (export "recursion") (param i32) (result i32) (call $down (local.get 0)))
  (func $itself (export "itself") (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
      (else (i32.add (i32.const 1) (call $itself (i32.sub (local.get 0) (i32.const 1)))))))
  (func $tail (param i32 i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
    (return_call $tail (i32.sub (local.get 0) (i32.const 1)) (i32.add (local.get 1) (i32.const 1))))
  (func (export "tails") (param i32) (result i32) (call $tail (local.get 0) (i32.const 0))))`;

describe("the last unit", () => {
  for (const name of ["straight", "condition", "exits", "recursion", "itself", "tails"]) {
    test(`is enough, and less is not, in any number of slices: ${name}`, async () => {
      for (const repetitions of [1, 2, 3, 4, 7, 50]) {
        const [expected, fuel] = (await metered(REPETITIONS)).run(name, repetitions);
        const enough = await metered(REPETITIONS, { fuel });
        assert.deepEqual(enough.run(name, repetitions), [expected, fuel]);
        assert.deepEqual([enough.guard.fuel, enough.guard.checkpoints], [0, 0]);
        // What comes after the last check may go a little below zero.
        const bounded = await metered(REPETITIONS, { fuel: fuel - 40 });
        if (repetitions === 50) assert.throws(() => bounded.run(name, repetitions), /unreachable/);
        for (const slice of [1, 5, 23]) {
          let granted = slice;
          const sliced: Metered = await metered(REPETITIONS, {
            fuel: slice,
            refill: () => {
              granted += slice - sliced.guard.fuel;
              return slice;
            },
          });
          assert.equal(sliced.run(name, repetitions)[0], expected);
          assert.equal(granted - sliced.guard.fuel, fuel);
        }
      }
    });
    test(`is never enough for what does not end: ${name}`, async () => {
      const { run, guard } = await metered(REPETITIONS, { fuel: 3000 });
      assert.throws(() => run(name, 0x7fff_ffff), /unreachable/);
      assert.ok(guard.fuel < 0 && guard.fuel > -300);
    });
  }
});

describe("what a guest may not do", () => {
  test("import from the guard's namespace", async () => {
    const module = await parse(
      `(module (import "${GUARD_NAMESPACE}" "${GUARD_FIELDS.counter}" (global (mut i32))) (func))`,
    );
    await failsWith("invalid-component", /reserved/, () => hardenModule(module, { meter: true }));
  });
});
