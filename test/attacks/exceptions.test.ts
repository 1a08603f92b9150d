import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "../support/wasm-tools.ts";
import { hardenModule } from "../../src/hardening/harden-module.ts";
import { Sandbox } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, testGuest, textGuest } from "../support/guests.ts";
import { jsonModule } from "../support/json-modules.ts";
import { preview1Program } from "../support/preview1-programs.ts";

/**
 * Exceptions live on the engine's heap, which no cap of a call counts, as long as anything on a guest's stack refers to them. Without the
 * bounds, a recursion takes the heap of its worker thread in half a second, and every guest on it is lost.
 */

/** Throws, keeps what it caught in as many ways as there are locals, and goes on within itself. */
const RECURSION = (tag: string, values: string, locals: number): string => {
  const all = Array.from({ length: locals }, (_, local) => local);
  const kept = all.map(
    (local) => `(block $c${local} (result exnref)
      (try_table (catch_all_ref $c${local}) ${values} (throw $e)) unreachable) (local.set ${local})`,
  );
  return `(component (core module $m
    (tag $e ${tag})
    (global $zero (mut i32) (i32.const 0))
    (func $keep (export "f") (local ${"exnref ".repeat(locals)})
      ${kept.join("\n")}
      (call $keep)
      ${all.map((local) => `(if (global.get $zero) (then (throw_ref (local.get ${local}))))`).join("\n")}))
    (core instance $i (instantiate $m))
    (func (export "f") (canon lift (core func $i "f"))))`;
};

const LEGACY = `(component (core module $m
  (tag $e (param i64 i64))
  (func $keep (export "f")
    try (i64.const 1) (i64.const 2) (throw $e) catch $e drop drop (call $keep) end))
  (core instance $i (instantiate $m))
  (func (export "f") (canon lift (core func $i "f"))))`;

test("a guest that keeps exceptions in a recursion ends alone, and holds few of them until then", async () => {
  await using neighbour = await Sandbox.open(await testGuest(), { cache: TEST_CACHE });
  for (const [name, text] of [
    ["exceptions-kept", RECURSION("(param i64 i64)", "(i64.const 1) (i64.const 2)", 100)],
    ["exceptions-caught", LEGACY],
  ] as const) {
    await using sandbox = await Sandbox.open(await textGuest(name, text), { cache: false });
    const attacks = Array.from({ length: 20 }, () => failsWith("trap", /unreachable/, sandbox.call("f")));
    assert.equal((await neighbour.call("add", [1, 2])).value, 3);
    await Promise.all(attacks);
  }
});

test("exceptions that could be kept elsewhere than on the stack, and large ones, are refused", async () => {
  for (const [fields, code, reason] of [
    [`(tag (param ${"i64 ".repeat(1_000)}))`, "limit", /exceptions in it carry 8000 bytes/],
    ["(tag (param v128 i32))", "limit", /carry 20 bytes/],
    ["(tag (param exnref))", "unsupported", /exceptions that carry references/],
    ["(tag (param externref))", "unsupported", /exceptions that carry references/],
    ["(table 10 exnref)", "unsupported", /tables of exceptions/],
    ["(table 10 (ref null noexn))", "unsupported", /tables of exceptions/],
    ["(global (mut exnref) (ref.null exn))", "unsupported", /globals that hold exceptions/],
    ["(func (param exnref))", "unsupported", /parameters or results/],
    ["(func (result i32 exnref) unreachable)", "unsupported", /parameters or results/],
  ] as const) {
    const module = await parse(`(module ${fields})`);
    await failsWith(code, reason, () => hardenModule(module, { meter: true }));
  }
});

test("instances that keep exceptions are counted", async () => {
  const component = (count: number): string => `(component
    (core module $m (func (export "f") (block $c (result exnref) (try_table (catch_all_ref $c)) (return)) drop))
    ${Array.from({ length: count }, (_, index) => `(core instance $i${index} (instantiate $m))`).join("\n")}
    (func (export "f") (canon lift (core func $i0 "f"))))`;
  await using few = await Sandbox.open(await textGuest("exception-holders-few", component(4)), { cache: TEST_CACHE });
  await few.call("f");
  await failsWith(
    "limit",
    /5 instances that keep exceptions, over the bound of 4/,
    Sandbox.open(await textGuest("exception-holders-many", component(5)), { cache: TEST_CACHE }),
  );
});

// Weakening: ten times as many may be held.
test("an instance holds some five hundred exceptions, and traps for more", async () => {
  const text = `(component (core module $m
    (tag $e (param i64 i64)) (global $zero (mut i32) (i32.const 0))
    (func $keep (export "f") (param i32) (local exnref)
      (block $caught (result exnref)
        (try_table (catch_all_ref $caught) (i64.const 1) (i64.const 2) (throw $e)) unreachable)
      (local.set 1)
      (if (local.get 0) (then (call $keep (i32.sub (local.get 0) (i32.const 1)))))
      (if (global.get $zero) (then (throw_ref (local.get 1))))))
    (core instance $i (instantiate $m))
    (func (export "f") (param "depth" u32) (canon lift (core func $i "f"))))`;
  await using sandbox = await Sandbox.open(await textGuest("exceptions-held", text), { cache: false });
  await sandbox.call("f", [150]);
  await failsWith("trap", /unreachable/, sandbox.call("f", [600]));
});

/** An exception that the guest does not catch, wherever it is thrown. */
const THROWING = "(tag $e (param i64 i64)) (func $throw (throw $e (i64.const 1) (i64.const 2)))";

const LIFTED = (module: string, lift = ""): string => `(component
  (core module $m ${THROWING} ${module})
  (core instance $i (instantiate $m))
  (func (export "f") ${lift || '(canon lift (core func $i "f"))'}))`;

// It was told as "undefined".
test("an exception that a guest does not catch is told as what it is, in components, programs and JSON modules alike", async () => {
  const uncaught = /trapped: it threw an exception that it did not catch$/;
  const components = {
    called: LIFTED('(func (export "f") (call $throw))'),
    started: LIFTED('(func (export "f")) (start $throw)'),
    allocating: LIFTED(
      `(memory (export "m") 1) (func (export "f") (param i32 i32))
       (func (export "r") (param i32 i32 i32 i32) (result i32) (call $throw) (i32.const 0))`,
      `(param "text" string) (canon lift (core func $i "f") (memory (core memory $i "m")) (realloc (core func $i "r")))`,
    ),
  };
  for (const [name, text] of Object.entries(components)) {
    await using sandbox = await Sandbox.open(await textGuest(`uncaught-${name}`, text), { cache: false });
    await failsWith("trap", uncaught, sandbox.call("f", name === "allocating" ? ["x"] : []));
  }
  await using program = await Sandbox.open(
    await textGuest("uncaught-program", preview1Program("(call $throw)", { fields: THROWING })),
    { cache: false },
  );
  await failsWith("trap", uncaught, program.execute());
  const modules = {
    executing: jsonModule("(call $throw) (i32.const 0)", { fields: THROWING }),
    allocating: jsonModule("(i32.const 0)", { fields: THROWING, alloc: "(call $throw) (i32.const 0)" }),
    given: jsonModule("(call $answer (call $env_get (i32.const 0) (i32.const 4)))", {
      fields: `${THROWING} (global $calls (mut i32) (i32.const 0))`,
      alloc: `(if (global.get $calls) (then (call $throw))) (global.set $calls (i32.const 1)) (i32.const 4096)`,
    }),
  };
  for (const [name, text] of Object.entries(modules)) {
    await using sandbox = await Sandbox.open(await textGuest(`uncaught-json-${name}`, text), { cache: false });
    await failsWith("trap", uncaught, sandbox.call("execute", ["{}"]));
  }
});
