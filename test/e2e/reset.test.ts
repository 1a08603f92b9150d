import assert from "node:assert/strict";
import { test } from "node:test";
import { Sandbox } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, textGuest } from "../support/guests.ts";

const GUEST = `(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "next") (result i32)
      (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1))) (i32.load (i32.const 0)))
    (func (export "spin") (loop $l (br $l))))
  (core instance $i (instantiate $m))
  (func (export "next") (result u32) (canon lift (core func $i "next")))
  (func (export "spin") (canon lift (core func $i "spin"))))`;

for (const isolation of ["thread", "process"] as const) {
  test(`after a reset, calls start as after opening, at the isolation level ${isolation}`, async () => {
    await using sandbox = await Sandbox.open(await textGuest("reset", GUEST), { isolation, cache: TEST_CACHE });
    const counter = await sandbox.instantiate();
    await counter.call("next");
    assert.equal((await counter.call("next")).value, 2);
    const spinning = sandbox.call("spin");
    spinning.catch(() => undefined);
    await sandbox.reset();
    assert.deepEqual(sandbox.running, []);
    for (const ended of [spinning, counter.call("next")]) {
      const { cause } = await failsWith("cancelled", /./u, ended);
      assert.match(String(cause), /the sandbox was reset/u);
    }
    assert.equal(sandbox.totals.calls, 2);
    assert.equal((await sandbox.call("next")).value, 1);
    await using anew = await sandbox.instantiate();
    assert.equal((await anew.call("next")).value, 1);
    await sandbox.close();
    await failsWith("cancelled", /its sandbox is closed/u, sandbox.reset());
  });
}
