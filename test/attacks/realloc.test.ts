import assert from "node:assert/strict";
import { test } from "node:test";
import { Sandbox } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, textGuest } from "../support/guests.ts";

/*
 * What a guest's `realloc` may do at every place where it is called: for parameters of an export, for what the host answers, for
 * parameters and results between components; for lists of strings, in every encoding, in memories of both widths. Each has to give the
 * value, or to trap, and the next instance to work.
 */

type Pointer = "i32" | "i64";

/** What `realloc` does, in the order of their numbers, and how the call ends: with the value, with a trap, with either, at its fuel. */
const MODES = {
  allocates: "value",
  "gives 0": "either",
  "gives an address out of range": "trap",
  "gives one that is not aligned": "trap",
  "gives the end of the memory": "trap",
  "gives the same one always": "either",
  "grows the memory": "value",
  traps: "trap",
  "calls an import": "trap",
  "calls an import and catches what comes of it": "trap",
  "gives one in the middle of the address space": "trap",
  spins: "limit",
} as const;
type Mode = keyof typeof MODES;
const modes = Object.keys(MODES) as readonly Mode[];

/** A memory with a `realloc` that does what it was told last. */
function libc(p: Pointer): string {
  const number = (value: string | number): string => `(${p}.const ${value})`;
  const on = (mode: Mode, what: string): string =>
    `(if (i32.eq (global.get $mode) (i32.const ${modes.indexOf(mode)})) (then ${what}))`;
  const leave = "(call_indirect (type $v) (i32.const 0))";
  const outside = p === "i32" ? "0xfffffff0" : "0x7ffffffffffffff0";
  const middle = p === "i32" ? "0x80000000" : "0x100000000";
  return `(core module $libc (type $v (func))
    (memory (export "mem") ${p === "i64" ? "i64 " : ""}2 200) (table (export "table") 1 funcref)
    (global $mode (mut i32) (i32.const 0)) (global $next (mut ${p}) ${number(1024)})
    (func (export "mode") (param i32) (global.set $mode (local.get 0)))
    (func (export "realloc") (param ${p} ${p} ${p} ${p}) (result ${p}) (local $at ${p})
      (local.set $at (${p}.and (${p}.add (global.get $next) ${number(15)}) ${number(-16)}))
      (global.set $next (${p}.add (local.get $at) (local.get 3)))
      ${on("gives 0", `(return ${number(0)})`)}
      ${on("gives an address out of range", `(return ${number(outside)})`)}
      ${on("gives one that is not aligned", `(return (${p}.add (local.get $at) ${number(1)}))`)}
      ${on("gives the end of the memory", `(return (${p}.mul (memory.size) ${number(65_536)}))`)}
      ${on("gives the same one always", `(return ${number(4096)})`)}
      ${on("grows the memory", `(drop (memory.grow ${number(1)}))`)}
      ${on("traps", "unreachable")}
      ${on("calls an import", leave)}
      ${on("calls an import and catches what comes of it", `(block $c (try_table (catch_all $c) ${leave}))`)}
      ${on("gives one in the middle of the address space", `(return ${number(middle)})`)}
      ${on("spins", "(loop $l (br $l))")}
      (if (${p}.ne (local.get 1) ${number(0)}) (then (memory.copy (local.get $at) (local.get 0)
        (select (local.get 1) (local.get 3) (${p}.lt_u (local.get 1) (local.get 3))))))
      (local.get $at)))
  (core instance $libc (instantiate $libc))
  (core func $leave (canon lower (func $leave)))`;
}

/** A core module that can call what its `realloc` may not. */
const leaving = (p: Pointer, fields: string): string => `(core module $m
  (import "libc" "mem" (memory ${p === "i64" ? "i64 " : ""}1)) (import "libc" "table" (table 1 funcref))
  (import "libc" "mode" (func $mode (param i32)))
  (import "" "leave" (func $leave)) (elem (i32.const 0) func $leave)
  ${fields})`;

/** Takes strings as parameters, from the host, and from a component beside it that gives back what it takes. */
function guest(p: Pointer, encoding: string): string {
  const options = `(memory (core memory $libc "mem")) (realloc (core func $libc "realloc")) string-encoding=${encoding}`;
  const returned = `(result ${p})`;
  const list = "(list string)";
  return `(component
    (import "acme:x/y" (instance $y (export "leave" (func)) (export "give" (func (result ${list})))))
    (alias export $y "leave" (func $leave))
    (component $B (import "leave" (func $leave))
      ${libc(p)}
      ${leaving(
        p,
        `(func (export "echo") (param ${p} ${p}) ${returned} (${p}.store (${p}.const 64) (local.get 0))
          (${p}.store offset=${p === "i32" ? 4 : 8} (${p}.const 64) (local.get 1)) (${p}.const 64))`,
      )}
      (core instance $m (instantiate $m (with "libc" (instance $libc)) (with "" (instance (export "leave" (func $leave))))))
      (func (export "mode") (param "m" u32) (canon lift (core func $libc "mode")))
      (func (export "echo") (param "a" ${list}) (result ${list}) (canon lift (core func $m "echo") ${options})))
    (component $A (import "leave" (func $leave)) (import "give" (func $give (result ${list})))
    (import "echo" (func $echo (param "a" ${list}) (result ${list}))) (import "of-other" (func $of-other (param "m" u32)))
    ${libc(p)}
    (core func $give (canon lower (func $give) ${options}))
    (core func $echo (canon lower (func $echo) ${options}))
    (core func $of-other (canon lower (func $of-other)))
    ${leaving(
      p,
      `(import "" "give" (func $give (param ${p}))) (import "" "echo" (func $echo (param ${p} ${p} ${p})))
      (import "" "of-other" (func $of-other (param i32)))
      (func (export "take") (param ${p} ${p}) ${returned} (${p}.store (${p}.const 64) (local.get 0))
        (${p}.store offset=${p === "i32" ? 4 : 8} (${p}.const 64) (local.get 1)) (${p}.const 64))
      (func (export "give") (param i32) ${returned}
        (call $mode (local.get 0)) (call $give (${p}.const 64)) (${p}.const 64))
      (func (export "pass") (param i32 i32 ${p} ${p}) ${returned} (call $mode (local.get 0)) (call $of-other (local.get 1))
        (call $echo (local.get 2) (local.get 3) (${p}.const 64)) (${p}.const 64))`,
    )}
    (core instance $m (instantiate $m (with "libc" (instance $libc)) (with "" (instance
      (export "leave" (func $leave)) (export "give" (func $give)) (export "echo" (func $echo)) (export "of-other" (func $of-other))))))
    (func (export "mode") (param "m" u32) (canon lift (core func $libc "mode")))
    (func (export "take") (param "a" ${list}) (result ${list}) (canon lift (core func $m "take") ${options}))
    (func (export "give") (param "m" u32) (result ${list}) (canon lift (core func $m "give") ${options}))
    (func (export "pass") (param "m" u32) (param "of-other" u32) (param "a" ${list}) (result ${list})
      (canon lift (core func $m "pass") ${options})))
    (instance $b (instantiate $B (with "leave" (func $leave))))
    (alias export $y "give" (func $give))
    (instance $a (instantiate $A (with "leave" (func $leave)) (with "give" (func $give))
      (with "echo" (func $b "echo")) (with "of-other" (func $b "mode"))))
    ${["mode", "take", "give", "pass"].map((name) => `(export "${name}" (func $a "${name}"))`).join(" ")})`;
}

const TEXTS = ["plain", "", "naïve", "日本語 🌍", "x".repeat(100), "é".repeat(50), "ascii and then 日"];

/** Where values are passed, and what is called for it. */
const PLACES: Readonly<Record<string, (instance: Instance, mode: number) => Promise<{ readonly value: unknown }>>> = {
  "for parameters": async (instance, mode) => {
    await instance.call("mode", [mode]);
    return instance.call("take", [TEXTS]);
  },
  "for what the host answers": (instance, mode) => instance.call("give", [mode]),
  "for parameters from a component": (instance, mode) => instance.call("pass", [0, mode, TEXTS]),
  "for results from a component": (instance, mode) => instance.call("pass", [mode, 0, TEXTS]),
};
type Instance = Awaited<ReturnType<Sandbox["instantiate"]>>;

const KINDS = [
  ["i32", "utf8"],
  ["i32", "utf16"],
  ["i32", "latin1+utf16"],
  ["i64", "utf8"],
  ["i64", "latin1+utf16"],
] as const;

// Weakening, each alone: what `realloc` gives is not checked for its alignment; the memory is not taken anew after `realloc`. That it lies
// within the memory and that nothing is called meanwhile is held by more than one check.
for (const [pointer, encoding] of KINDS) {
  test(`realloc may do what it likes, in ${encoding} and ${pointer === "i32" ? 32 : 64} bits: it is a value or a trap`, async () => {
    const given = { interface: "acme:x/y", capability: "c" };
    await using sandbox = await Sandbox.open(await textGuest("realloc", guest(pointer, encoding)), {
      cache: TEST_CACHE,
      limits: { fuel: 20_000_000 },
      grants: { custom: { c: true } },
      hostFunctions: [
        { ...given, name: "leave", type: "func()", call: () => undefined },
        { ...given, name: "give", type: "func() -> list<string>", call: () => TEXTS },
      ],
    });
    for (const [place, call] of Object.entries(PLACES)) {
      for (const [number, mode] of modes.entries()) {
        const what = `realloc that ${mode}, ${place}`;
        const outcome = MODES[mode];
        await using instance = await sandbox.instantiate();
        const called = call(instance, number);
        if (outcome === "trap" || outcome === "limit") {
          await failsWith(outcome, /./u, called).catch((thrown: unknown) => assert.fail(`${what}: ${String(thrown)}`));
          continue;
        }
        const [ended] = await Promise.allSettled([called]);
        if (ended.status === "fulfilled") {
          if (outcome === "value") assert.deepEqual(ended.value.value, TEXTS, what);
        } else {
          assert.equal(outcome, "either", `${what}: ${String(ended.reason)}`);
          await failsWith("trap", /./u, called);
        }
      }
    }
  });
}
