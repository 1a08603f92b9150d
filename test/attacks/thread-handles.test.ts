import assert from "node:assert/strict";
import { test } from "node:test";
import { Sandbox } from "../../src/sandbox/index.ts";
import { CordonError } from "../../src/shared/errors.ts";
import { TEST_CACHE, textGuest } from "../support/guests.ts";

/*
 * What many guests of a thread hold on its heap together: it is the thread's end when that is full, and so that of all its guests.
 */

/** Holds as many waitable sets as it is told to, and waits for the embedder. */
const HOLDING = `(component
  (import "test:host/gate" (instance $gate (export "wait" (func))))
  (core func $wait (canon lower (func $gate "wait")))
  (core func $new (canon waitable-set.new))
  (core module $m
    (import "" "wait" (func $wait)) (import "" "new" (func $new (result i32)))
    (func (export "f") (param i32)
      (loop $on
        (drop (call $new))
        (br_if $on (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (call $wait)))
  (core instance $i (instantiate $m (with "" (instance (export "wait" (func $wait)) (export "new" (func $new))))))
  (func (export "f") (param "count" u32) (canon lift (core func $i "f"))))`;

const GUESTS = 100;

// Weakening: what the guests of a thread hold is not counted together.
test("guests that hold as many handles as they may and wait cost no guest beside them", async () => {
  const gate = Promise.withResolvers<void>();
  const allHold = Promise.withResolvers<void>();
  let left = GUESTS;
  const oneLess = (): void => {
    left -= 1;
    if (left === 0) allHold.resolve();
  };
  const wait = async (): Promise<void> => {
    oneLess();
    await gate.promise;
  };
  await using sandbox = await Sandbox.open(await textGuest("holding-handles", HOLDING), {
    cache: TEST_CACHE,
    grants: { custom: { gate: true } },
    hostFunctions: [{ interface: "test:host/gate", name: "wait", type: "func()", capability: "gate", call: wait }],
  });
  const calls = Array.from({ length: GUESTS }, async () => {
    try {
      await sandbox.call("f", [16_000], { limits: { maxHandles: 16_384 } });
    } catch (thrown) {
      assert.ok(thrown instanceof CordonError && thrown.limit?.limit === "handles", String(thrown));
      assert.match(thrown.message, /its thread has no room for more/u);
      oneLess();
    }
  });
  await Promise.race([allHold.promise, Promise.all(calls)]);
  gate.resolve();
  await Promise.all(calls);
});
