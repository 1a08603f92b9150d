import assert from "node:assert/strict";
import { test } from "node:test";
import { Sandbox } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, textGuest } from "../support/guests.ts";

const REEXPORTED = `(component
  (import "acme:x/y" (instance $w
    (export "next" (func (param "n" u32) (result u32)))
    (export "refuse" (func (param "n" u32) (result (result u32 (error string)))))))
  (alias export $w "next" (func $next))
  (alias export $w "refuse" (func $refuse))
  (export "next" (func $next))
  (export "refuse" (func $refuse)))`;

const imported = (name: string, type: string, call: (given: readonly unknown[]) => unknown): object => ({
  interface: "acme:x/y",
  name,
  type,
  capability: "c",
  call,
});

test("a function that a component imports and exports as it is gives what the host's gives", async () => {
  await using sandbox = await Sandbox.open(await textGuest("reexported", REEXPORTED), {
    cache: TEST_CACHE,
    hostFunctions: [
      imported("next", "func(n: u32) -> u32", async ([n]) => Number(n) + 1),
      imported("refuse", "func(n: u32) -> result<u32, string>", () => {
        throw Object.assign(new Error("no"), { payload: "no" });
      }),
    ] as never,
    grants: { custom: { c: true } },
  });
  const { value, usage } = await sandbox.call("next", [5]);
  assert.equal(value, 6);
  assert.equal(usage.hostCalls, 1);
  await assert.rejects(sandbox.call("refuse", [5]));
  assert.equal((await sandbox.call("next", [6])).value, 7);
  await using instance = await sandbox.instantiate();
  assert.equal((await instance.call("next", [1])).value, 2);
  assert.equal((await instance.call("next", [2])).value, 3);
});

const ONE_NAME = `(component
  (type $r' (record (field "a1" u32) (field "a-1" u32)))
  (export $r "r" (type $r'))
  (type $f' (flags "b2" "b-2"))
  (export $f "f" (type $f'))
  (core module $m (memory (export "memory") 1)
    (func (export "pair") (result i32) (i32.const 0))
    (func (export "take") (param i32 i32))
    (func (export "flags") (result i32) (i32.const 2)))
  (core instance $i (instantiate $m))
  (func (export "out") (result $r) (canon lift (core func $i "pair") (memory (core memory $i "memory"))))
  (func (export "in") (param "r" $r) (canon lift (core func $i "take")))
  (func (export "deep") (result (option $r)) (canon lift (core func $i "pair") (memory (core memory $i "memory"))))
  (func (export "some-flags") (result $f) (canon lift (core func $i "flags")))
  (func (export "other") (result u32) (canon lift (core func $i "flags"))))`;

test("a function is not called where JavaScript cannot tell two of its names apart; others are", async () => {
  await using sandbox = await Sandbox.open(await textGuest("one-name", ONE_NAME), { cache: TEST_CACHE });
  await using instance = await sandbox.instantiate();
  for (const callee of [sandbox, instance]) {
    await failsWith("unsupported", /"a1" and "a-1"/, () => callee.call("out"));
    await failsWith("unsupported", /"a1" and "a-1"/, () => callee.call("in", [{ a1: 1 }]));
    await failsWith("unsupported", /"a1" and "a-1"/, () => callee.call("deep"));
    await failsWith("unsupported", /"b2" and "b-2"/, () => callee.call("some-flags"));
    assert.equal((await callee.call("other")).value, 2);
  }
});
