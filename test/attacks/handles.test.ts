import assert from "node:assert/strict";
import { test } from "node:test";
import { Sandbox } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, textGuest } from "../support/guests.ts";

/*
 * What components may try with each other's handles. `$D` defines two kinds of resources, `$K` is lent one and does something with it,
 * `$M` has them made, passes them on and does something of its own. Weakenings that were seen
 * to fail, each alone: a task may end with handles that it was lent; what is lent may be handed over; the resource is not compared.
 */

/** What `$D` has to be imported as. */
const DEFINED = `(import "a" (type $a (sub resource))) (import "b" (type $b (sub resource)))
  (import "look" (func $look (param "h" (borrow $a)) (result u32))) (import "eat" (func $eat (param "h" (own $a))))`;
const GIVEN = `(with "a" (type $d "a")) (with "b" (type $d "b")) (with "look" (func $d "look")) (with "eat" (func $d "eat"))`;
const CORE = `(import "" "look" (func $look (param i32) (result i32))) (import "" "eat" (func $eat (param i32)))
  (import "" "drop" (func $drop (param i32)))`;
const CORE_GIVEN = `(export "look" (func $look)) (export "eat" (func $eat)) (export "drop" (func $drop))`;
const LOWERED = `(core func $look (canon lower (func $look))) (core func $eat (canon lower (func $eat)))
  (core func $drop (canon resource.drop $a))`;

/** What `$K` does with the handle `$h` that it is lent, and what `$M` does, with handles of one kind, `$x`, and of the other, `$z`. */
type Scene = readonly [kept: string, main: string];

/** All scenes in one component, by their numbers. */
function guest(scenes: readonly Scene[]): string {
  const chosen = (part: 0 | 1): string =>
    scenes
      .map((scene, index) => `(if (i32.eq (local.get $n) (i32.const ${index})) (then ${scene[part]} return))`)
      .join(" ");
  return `(component
    (component $D
      (type $a0 (resource (rep i32))) (type $b0 (resource (rep i32)))
      (export $a "a" (type $a0)) (export $b "b" (type $b0))
      (core func $new-a (canon resource.new $a0)) (core func $new-b (canon resource.new $b0))
      (core func $rep (canon resource.rep $a0)) (core func $drop (canon resource.drop $a0))
      (core module $m
        (import "" "new-a" (func $new-a (param i32) (result i32))) (import "" "new-b" (func $new-b (param i32) (result i32)))
        (import "" "drop" (func $drop (param i32)))
        (func (export "a") (param i32) (result i32) (call $new-a (local.get 0)))
        (func (export "b") (param i32) (result i32) (call $new-b (local.get 0)))
        (func (export "look") (param i32) (result i32) (local.get 0))
        (func (export "eat") (param i32) (call $drop (local.get 0))))
      (core instance $i (instantiate $m (with "" (instance
        (export "new-a" (func $new-a)) (export "new-b" (func $new-b)) (export "drop" (func $drop))))))
      (func (export "make-a") (param "n" u32) (result (own $a)) (canon lift (core func $i "a")))
      (func (export "make-b") (param "n" u32) (result (own $b)) (canon lift (core func $i "b")))
      (func (export "look") (param "h" (borrow $a)) (result u32) (canon lift (core func $i "look")))
      (func (export "eat") (param "h" (own $a)) (canon lift (core func $i "eat"))))
    (component $K ${DEFINED} ${LOWERED}
      (core module $m ${CORE} (global $h (mut i32) (i32.const 0))
        (func (export "lend") (param $h i32) (param $n i32) (result i32) ${chosen(0)} unreachable)
        (func (export "both") (param $h i32) (param $o i32) (call $drop (local.get $h)) (call $drop (local.get $o))))
      (core instance $i (instantiate $m (with "" (instance ${CORE_GIVEN}))))
      (func (export "lend") (param "h" (borrow $a)) (param "n" u32) (result u32) (canon lift (core func $i "lend")))
      (func (export "both") (param "h" (borrow $a)) (param "o" (own $a)) (canon lift (core func $i "both"))))
    (component $M ${DEFINED} ${LOWERED}
      (import "make-a" (func $make-a (param "n" u32) (result (own $a))))
      (import "make-b" (func $make-b (param "n" u32) (result (own $b))))
      (import "lend" (func $lend (param "h" (borrow $a)) (param "n" u32) (result u32)))
      (import "both" (func $both (param "h" (borrow $a)) (param "o" (own $a))))
      (core func $make-a (canon lower (func $make-a))) (core func $make-b (canon lower (func $make-b)))
      (core func $lend (canon lower (func $lend))) (core func $both (canon lower (func $both)))
      (core module $m ${CORE}
        (import "" "make-a" (func $make-a (param i32) (result i32))) (import "" "make-b" (func $make-b (param i32) (result i32)))
        (import "" "lend" (func $lend (param i32 i32) (result i32))) (import "" "both" (func $both (param i32 i32)))
        (func (export "f") (param $n i32) (result i32) (local $x i32) (local $z i32)
          (local.set $x (call $make-a (i32.const 7))) (local.set $z (call $make-b (i32.const 9)))
          ${chosen(1)} unreachable))
      (core instance $i (instantiate $m (with "" (instance ${CORE_GIVEN} (export "make-a" (func $make-a))
        (export "make-b" (func $make-b)) (export "lend" (func $lend)) (export "both" (func $both))))))
      (func (export "f") (param "n" u32) (result u32) (canon lift (core func $i "f"))))
    (instance $d (instantiate $D))
    (instance $k (instantiate $K ${GIVEN}))
    (instance $m (instantiate $M ${GIVEN} (with "make-a" (func $d "make-a")) (with "make-b" (func $d "make-b"))
      (with "lend" (func $k "lend")) (with "both" (func $k "both"))))
    (export "f" (func $m "f")))`;
}

const LENDS = "(call $lend (local.get $x) (local.get $n))";
const GIVES_BACK = "(call $look (local.get $h)) (call $drop (local.get $h))";

const GOOD: Readonly<Record<string, readonly [...Scene, value: number]>> = {
  "is lent, and dropped by whom it was lent to": [GIVES_BACK, LENDS, 7],
  "is lent twice, one after the other": [GIVES_BACK, `(i32.add ${LENDS} ${LENDS})`, 14],
  "is given away after it was lent": [GIVES_BACK, `${LENDS} (call $eat (local.get $x))`, 7],
};

const BAD: Readonly<Record<string, Scene>> = {
  "is kept after the call it was lent for": ["(call $look (local.get $h))", LENDS],
  "is dropped twice by whom it was lent to": [`${GIVES_BACK} (call $drop (local.get $h))`, LENDS],
  "is looked at after it was dropped": ["(call $drop (local.get $h)) (call $look (local.get $h))", LENDS],
  "is lent, and given away by whom it was lent to": ["(call $eat (local.get $h)) (i32.const 0)", LENDS],
  "is lent and given away in one call": [GIVES_BACK, "(call $both (local.get $x) (local.get $x)) (i32.const 0)"],
  "is of another resource": [GIVES_BACK, "(call $lend (local.get $z) (local.get $n))"],
  "is of another resource and dropped": [GIVES_BACK, "(call $drop (local.get $z)) (i32.const 0)"],
  "is none": [GIVES_BACK, "(call $lend (i32.const 0) (local.get $n))"],
  "is out of range": [GIVES_BACK, "(call $lend (i32.const -1) (local.get $n))"],
  "is one that was never given": [GIVES_BACK, "(call $lend (i32.const 100) (local.get $n))"],
  "is dropped twice": [GIVES_BACK, "(call $drop (local.get $x)) (call $drop (local.get $x)) (i32.const 0)"],
  "is lent after it was dropped": [GIVES_BACK, `(call $drop (local.get $x)) ${LENDS}`],
  "is lent after it was given away": [GIVES_BACK, `(call $eat (local.get $x)) ${LENDS}`],
};

const GUEST = guest([...Object.values(GOOD).map(([kept, main]): Scene => [kept, main]), ...Object.values(BAD)]);

test("a handle is what it is for as long as the specification says, and a trap before and after", async () => {
  await using sandbox = await Sandbox.open(await textGuest("handles", GUEST), { cache: TEST_CACHE });
  for (const [number, [what, [, , value]]] of Object.entries(GOOD).entries()) {
    assert.equal((await sandbox.call("f", [number])).value, value, `a handle that ${what}`);
  }
  for (const [number, what] of Object.keys(BAD).entries()) {
    const called = sandbox.call("f", [Object.keys(GOOD).length + number]);
    const [ended] = await Promise.allSettled([called]);
    assert.equal(ended.status, "rejected", `a handle that ${what}`);
    await failsWith("trap", /the guest trapped: the guest /u, called);
  }
});

test("a component instance that is being called, or one around it, is not called: it is a trap", async () => {
  const called = `(component $C (import "up" (func $up (result u32))) (core func $l (canon lower (func $up)))
    (core module $m (import "" "up" (func $up (result i32))) (func (export "g") (result i32) (call $up)))
    (core instance $i (instantiate $m (with "" (instance (export "up" (func $l))))))
    (func (export "g") (result u32) (canon lift (core func $i "g"))))`;
  const parent = `(core module $p (func (export "p") (result i32) (i32.const 1))) (core instance $p (instantiate $p))
    (func $p (result u32) (canon lift (core func $p "p")))`;
  const childCalls = `(component ${parent} ${called} (instance $c (instantiate $C (with "up" (func $p))))
    (export "f" (func $c "g")))`;
  const parentCalls = `(component ${parent} ${called} (instance $c (instantiate $C (with "up" (func $p))))
    (core func $g (canon lower (func $c "g")))
    (core module $m (import "" "g" (func $g (result i32))) (func (export "f") (result i32) (call $g)))
    (core instance $i (instantiate $m (with "" (instance (export "g" (func $g))))))
    (func (export "f") (result u32) (canon lift (core func $i "f"))))`;
  for (const text of [childCalls, parentCalls]) {
    await using sandbox = await Sandbox.open(await textGuest("reenters", text), { cache: TEST_CACHE });
    await failsWith("trap", /called a component instance that is being called, or one within it/, sandbox.call("f"));
  }
});
