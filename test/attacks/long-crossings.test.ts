import assert from "node:assert/strict";
import { test } from "node:test";
import { CordonError, Sandbox } from "../../src/sandbox/index.ts";
import { attacked } from "../support/amplification.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, textGuest } from "../support/guests.ts";

/*
 * Values that are long, passed between components or to the engine: what that takes is done by the host, where no guest's code comes by
 * a checkpoint. It is charged, and a guest that is at it ends at its deadline, while the others of its thread live on.
 */

const MIB = 1024 * 1024;

/** Waits for the host. */
const WAITER = `(component
  (import "acme:x/y" (instance $w (export "wait" (func (param "n" u32) (result u32)))))
  (alias export $w "wait" (func $wait))
  (core func $wait (canon lower (func $wait)))
  (core module $m
    (import "" "wait" (func $wait (param i32) (result i32)))
    (func (export "f") (result i32) (call $wait (i32.const 1))))
  (core instance $i (instantiate $m (with "" (instance (export "wait" (func $wait))))))
  (func (export "f") (result u32) (canon lift (core func $i "f"))))`;

interface Passed {
  /** The type of the parameter in the text format. */
  readonly type: string;
  /** Its core parameters, and what is passed as them. */
  readonly core: string;
  readonly pass: string;
  readonly pages: number;
  readonly from?: string;
  readonly to?: string;
}

/** Passes a value to another component, as often as `f` is told. */
function passing({ type, core, pass, pages, from = "utf8", to = "utf8" }: Passed): string {
  return `(component
    (component $B
      (type $t ${type})
      (core module $m (memory (export "memory") ${2 * pages})
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0))
        (func (export "g") (param ${core})))
      (core instance $i (instantiate $m))
      (func (export "g") (param "t" $t) (canon lift (core func $i "g") string-encoding=${to}
        (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
    (component $A
      (type $t ${type})
      (import "g" (func $g (param "t" $t)))
      (core module $libc (memory (export "memory") ${pages}))
      (core instance $libc (instantiate $libc))
      (core func $g (canon lower (func $g) string-encoding=${from} (memory (core memory $libc "memory"))))
      (core module $m (import "" "g" (func $g (param ${core})))
        (func (export "f") (param $times i32)
          (loop $again
            (call $g ${pass})
            (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))))
      (core instance $i (instantiate $m (with "" (instance (export "g" (func $g))))))
      (func (export "f") (param "times" u32) (canon lift (core func $i "f"))))
    (instance $b (instantiate $B))
    (instance $a (instantiate $A (with "g" (func $b "g"))))
    (alias export $a "f" (func $f)) (export "f" (func $f)))`;
}

const LONG = 40_000_000;
const PAGES = Math.ceil(LONG / 65_536) + 1;

const fixed = (element: string, length: number): Passed => ({
  type: `(list ${element} ${length})`,
  core: "i32",
  pass: "(i32.const 0)",
  pages: Math.ceil(length / 65_536) + 1,
});

const pointed = (type: string, length: number, more: Partial<Passed> = {}): Passed => ({
  type,
  core: "i32 i32",
  pass: `(i32.const 0) (i32.const ${length})`,
  pages: PAGES,
  ...more,
});

/** Makes error contexts of so many bytes, as often as `f` is told, and drops them or keeps them. */
const errors = (length: number, drops: boolean): string => `(component
  (core module $libc (memory (export "memory") ${Math.ceil(length / 65_536)}))
  (core instance $libc (instantiate $libc))
  (core func $new (canon error-context.new (memory (core memory $libc "memory"))))
  (core func $drop (canon error-context.drop))
  (core module $m
    (import "" "new" (func $new (param i32 i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (import "" "memory" (memory 1))
    (func (export "f") (param $times i32) (local $made i32)
      (memory.fill (i32.const 0) (i32.const 97) (i32.const ${length}))
      ;; One character that is not of Latin 1 makes them slow to read.
      (i32.store (i32.const 0) (i32.const 0x61adb8e4))
      (loop $again
        (local.set $made (call $new (i32.const 0) (i32.const ${length})))
        ${drops ? "(call $drop (local.get $made))" : ""}
        (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))))
  (core instance $i (instantiate $m (with "" (instance
    (export "new" (func $new)) (export "drop" (func $drop)) (export "memory" (memory $libc "memory"))))))
  (func (export "f") (param "times" u32) (canon lift (core func $i "f"))))`;

const FOR_EVER = 0xffff_ffff;

const ATTACKS: readonly (readonly [what: string, text: string])[] = [
  ["lists of a fixed length", passing(fixed("u8", LONG))],
  ["lists of a fixed length of booleans", passing(fixed("bool", LONG))],
  ["lists of booleans", passing(pointed("(list bool)", LONG))],
  ["strings that are written anew", passing(pointed("string", LONG, { to: "utf16" }))],
  ["strings that may be Latin 1", passing(pointed("string", LONG / 2, { from: "utf16", to: "latin1+utf16" }))],
  ["error contexts", errors(60_000_000, true)],
];

for (const [what, text] of ATTACKS) {
  test(`a guest that passes ${what} for ever ends at its deadline, and others of its thread live on`, async () => {
    const released = Promise.withResolvers<void>();
    const waiting = Promise.withResolvers<void>();
    const waiters = 32;
    let arrived = 0;
    const wait = {
      interface: "acme:x/y",
      name: "wait",
      type: "func(n: u32) -> u32",
      capability: "c",
      call: async () => {
        arrived += 1;
        if (arrived === waiters) waiting.resolve();
        await released.promise;
        return 5;
      },
    };
    await using neighbours = await Sandbox.open(await textGuest("waiter", WAITER), {
      cache: TEST_CACHE,
      hostFunctions: [wait],
      grants: { custom: { c: true } },
    });
    await using attacker = await Sandbox.open(await textGuest("long-crossing", text), {
      cache: TEST_CACHE,
      limits: { timeoutMs: 500 },
    });
    const calls = Array.from({ length: waiters }, async () => neighbours.call("f"));
    const ended = Promise.allSettled(calls);
    await waiting.promise;
    const attacks = await Promise.allSettled(Array.from({ length: 4 }, async () => attacker.call("f", [FOR_EVER])));
    released.resolve();
    for (const attack of attacks) {
      assert.ok(attack.status === "rejected" && attack.reason instanceof CordonError);
      assert.equal(attack.reason.code, "limit");
      assert.equal(attack.reason.limit?.limit, "deadline");
    }
    assert.deepEqual(
      (await ended).map((one) => (one.status === "fulfilled" ? one.value.value : String(one.reason))),
      Array.from({ length: waiters }, () => 5),
    );
  });
}

/** Passed once; the fuel that it takes at least, by what is done for each byte or element. */
const CHARGED: readonly (readonly [what: string, passed: Passed, least: number])[] = [
  ["a list of a fixed length", fixed("u8", 1_000_000), 1_000_000 / 16],
  ["a list of a fixed length of booleans", fixed("bool", 1_000_000), 8 * 1_000_000],
  ["a list of booleans", pointed("(list bool)", 1_000_000, { pages: 17 }), 8 * 1_000_000],
  ["a list of lists of a fixed length", pointed("(list (list bool 1000))", 1_000, { pages: 17 }), 8 * 1_000_000],
  ["a string", pointed("string", 1_000_000, { pages: 17 }), 1_000_000 / 16],
  ["a string that is written anew", pointed("string", 1_000_000, { pages: 17, to: "utf16" }), 1_000_000 / 4],
];

for (const [what, passed, least] of CHARGED) {
  test(`${what} is charged for what it takes, and not passed where there is not as much fuel`, async () => {
    const source = await textGuest("charged", passing(passed));
    await using sandbox = await Sandbox.open(source, { cache: TEST_CACHE });
    const { usage } = await sandbox.call("f", [1]);
    const { fuel = 0 } = usage;
    assert.ok(fuel >= least, `${fuel} units`);
    await failsWith("limit", /fuel/, () => sandbox.call("f", [1], { limits: { fuel: Math.floor(least / 2) } }));
  });
}

test("error contexts keep no more of what they were told than its beginning", async () => {
  const source = await textGuest("error-contexts", errors(4_000_000, false));
  const { code, peak } = await attacked({ source, parameters: [500], harmless: 1 });
  assert.equal(code, "value");
  assert.ok(peak < 64 * MIB, `${Math.round(peak / MIB)} MiB more`);
});

/** Lends one handle: `outer` lists of it, which all are the same list of `inner` times that handle. */
const LENDING = (inner: number): string => `(component
  (component $B
    (type $r' (resource (rep i32)))
    (export $r "r" (type $r'))
    (core func $new (canon resource.new $r'))
    (core module $m
      (import "" "new" (func $new (param i32) (result i32)))
      (memory (export "memory") 200)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0))
      (func (export "make") (result i32) (call $new (i32.const 5)))
      (func (export "g") (param i32 i32)))
    (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
    (func (export "make") (result (own $r)) (canon lift (core func $i "make")))
    (func (export "g") (param "l" (list (list (borrow $r)))) (canon lift (core func $i "g")
      (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
  (instance $b (instantiate $B))
  (alias export $b "r" (type $r))
  (component $A
    (import "r" (type $r (sub resource)))
    (import "make" (func $make (result (own $r))))
    (import "g" (func $g (param "l" (list (list (borrow $r))))))
    (core module $libc (memory (export "memory") 10))
    (core instance $libc (instantiate $libc))
    (core func $make (canon lower (func $make)))
    (core func $drop (canon resource.drop $r))
    (core func $g (canon lower (func $g) (memory (core memory $libc "memory"))))
    (core module $m
      (import "" "make" (func $make (result i32)))
      (import "" "drop" (func $drop (param i32)))
      (import "" "g" (func $g (param i32 i32)))
      (import "" "memory" (memory 1))
      (func (export "f") (param $outer i32) (local $h i32) (local $i i32)
        (local.set $h (call $make))
        (loop $again
          (i32.store (i32.mul (local.get $i) (i32.const 4)) (local.get $h))
          (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const ${inner}))))
        (local.set $i (i32.const 0))
        (loop $again
          (i32.store offset=400000 (i32.mul (local.get $i) (i32.const 8)) (i32.const 0))
          (i32.store offset=400004 (i32.mul (local.get $i) (i32.const 8)) (i32.const ${inner}))
          (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $outer))))
        (call $g (i32.const 400000) (local.get $outer))
        ;; It is lent no more, so it may be dropped.
        (call $drop (local.get $h))))
    (core instance $i (instantiate $m (with "" (instance
      (export "make" (func $make)) (export "drop" (func $drop)) (export "g" (func $g))
      (export "memory" (memory $libc "memory"))))))
    (func (export "f") (param "outer" u32) (canon lift (core func $i "f"))))
  (instance $a (instantiate $A (with "r" (type $r)) (with "make" (func $b "make")) (with "g" (func $b "g"))))
  (alias export $a "f" (func $f)) (export "f" (func $f)))`;

test("a handle that is lent ten million times in one call takes the host no more than one", async () => {
  const source = await textGuest("lending", LENDING(5_000));
  const { code, peak, again, message } = await attacked({ source, parameters: [2_000], harmless: 2 });
  assert.deepEqual([code, again], ["value", "value"], message);
  assert.ok(peak < 64 * MIB, `${Math.round(peak / MIB)} MiB more`);
});
