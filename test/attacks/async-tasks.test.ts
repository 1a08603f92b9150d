import assert from "node:assert/strict";
import { test } from "node:test";
import { Sandbox } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, textGuest } from "../support/guests.ts";

/** What a task of the asynchronous ABI may try: never to end, to go on after its end, and to fill every table. */

/** The built-ins that the guests below import, each under its own name. */
const BUILT_INS = `
  (core module $libc (memory (export "mem") 1))
  (core instance $libc (instantiate $libc))
  (type $bytes (stream u8))
  (type $byte (future u8))
  (core func $return (canon task.return))
  (core func $return-number (canon task.return (result u32)))
  (core func $cancel (canon task.cancel))
  (core func $yield (canon thread.yield))
  (core func $set-new (canon waitable-set.new))
  (core func $set-wait (canon waitable-set.wait (memory (core memory $libc "mem"))))
  (core func $stream-new (canon stream.new $bytes))
  (core func $stream-read (canon stream.read $bytes async (memory (core memory $libc "mem"))))
  (core func $future-new (canon future.new $byte))
  (core func $future-read (canon future.read $byte async (memory (core memory $libc "mem"))))
  (core func $join (canon waitable.join))
  (core func $backpressure (canon backpressure.inc))
  (core func $error-new (canon error-context.new (memory (core memory $libc "mem"))))`;

const EXPORTS = [
  "return",
  "return-number",
  "cancel",
  "yield",
  "set-new",
  "set-wait",
  "stream-new",
  "stream-read",
  "future-new",
  "future-read",
  "join",
  "backpressure",
  "error-new",
]
  .map((name) => `(export "${name}" (func $${name}))`)
  .join(" ");

const IMPORTS = `
  (import "" "return" (func $return))
  (import "" "return-number" (func $return-number (param i32)))
  (import "" "cancel" (func $cancel))
  (import "" "yield" (func $yield (result i32)))
  (import "" "set-new" (func $set-new (result i32)))
  (import "" "set-wait" (func $set-wait (param i32 i32) (result i32)))
  (import "" "stream-new" (func $stream-new (result i64)))
  (import "" "stream-read" (func $stream-read (param i32 i32 i32) (result i32)))
  (import "" "future-new" (func $future-new (result i64)))
  (import "" "future-read" (func $future-read (param i32 i32) (result i32)))
  (import "" "join" (func $join (param i32 i32)))
  (import "" "backpressure" (func $backpressure))
  (import "" "error-new" (func $error-new (param i32 i32) (result i32)))`;

interface AsyncGuest {
  /** The body of the function that is called; it answers with what is done next. */
  readonly body: string;
  /** The body of its callback; without one, the function is on a stack of its own. */
  readonly callback?: string;
  readonly result?: "u32";
}

/** A component that exports `f`, lifted `async`. */
function asyncGuest({ body, callback, result }: AsyncGuest): string {
  const type = result === undefined ? "(func async)" : `(func async (result ${result}))`;
  const lift = callback === undefined ? "async" : 'async (callback (core func $i "cb"))';
  const answers = callback === undefined ? "" : "(result i32)";
  return `(component ${BUILT_INS}
    (core module $m ${IMPORTS}
      (func (export "f") ${answers} (local $set i32) ${body})
      (func (export "cb") (param i32 i32 i32) (result i32) ${callback ?? "unreachable"}))
    (core instance $i (instantiate $m (with "" (instance ${EXPORTS}))))
    (type $t ${type})
    (func (export "f") (type $t) (canon lift (core func $i "f") ${lift})))`;
}

/** What a callback answers to be called again at once, to wait on a set, and to end. */
const [AGAIN, END] = ["(i32.const 1)", "(i32.const 0)"];
const WAIT = "(i32.or (i32.const 2) (i32.shl (call $set-new) (i32.const 4)))";

async function open(name: string, guest: AsyncGuest, limits = {}): Promise<Sandbox> {
  return Sandbox.open(await textGuest(`async-${name}`, asyncGuest(guest)), { cache: TEST_CACHE, limits });
}

const ENDLESS: Readonly<Record<string, AsyncGuest>> = {
  "yields for ever in its callback": { body: AGAIN, callback: AGAIN },
  "yields for ever on a stack": { body: "(loop $l (drop (call $yield)) (br $l))" },
  "spins in its callback": { body: AGAIN, callback: `(loop $l (br $l)) ${END}` },
  "spins on a stack": { body: "(loop $l (br $l))" },
};

for (const [what, guest] of Object.entries(ENDLESS)) {
  test(`a task that ${what} ends at its deadline, and others have their turn`, async () => {
    await using sandbox = await open(what.replaceAll(" ", "-"), guest, { timeoutMs: 400 });
    await using other = await open("answers", {
      body: `(call $return-number (i32.const 7)) ${END}`,
      callback: END,
      result: "u32",
    });
    const endless = failsWith("limit", /did not end within 400 ms/, sandbox.call("f"));
    for (let round = 0; round < 5; round += 1) assert.equal((await other.call("f")).value, 7);
    await endless;
    await using again = await open("answers-again", { body: `(call $return) ${END}`, callback: END });
    await again.call("f");
  });
}

const DEADLOCKED: Readonly<Record<string, AsyncGuest>> = {
  "waits in its callback on a set with nothing in it": { body: WAIT, callback: END },
  "waits on a stack for a set with nothing in it": {
    body: "(drop (call $set-wait (call $set-new) (i32.const 0)))",
  },
  "reads a stream that it alone could write": {
    body: `(local.set $set (call $set-new))
      (call $join (i32.wrap_i64 (call $stream-new)) (local.get $set))
      (drop (call $stream-read (i32.const 2) (i32.const 0) (i32.const 1)))
      (drop (call $set-wait (local.get $set) (i32.const 16)))`,
  },
};

for (const [what, guest] of Object.entries(DEADLOCKED)) {
  test(`a task that ${what} traps at once: nothing can wake it`, async () => {
    await using sandbox = await open(what.replaceAll(" ", "-"), guest, { timeoutMs: 30_000 });
    await failsWith("trap", /waits for what never comes/, sandbox.call("f"));
  });
}

const WRONG: Readonly<Record<string, AsyncGuest>> = {
  "ends without an answer": { body: END, callback: END },
  "answers twice": { body: `(call $return) (call $return) ${END}`, callback: END },
  "answers with another type": { body: `(call $return-number (i32.const 1)) ${END}`, callback: END },
  "cancels itself unasked": { body: `(call $cancel) ${END}`, callback: END },
  "answers its callback's caller with nonsense": { body: "(i32.const 15)", callback: END },
  "waits on what is no set": { body: "(i32.const 0x7fffffff)", callback: END },
  "counts backpressure out of range": {
    body: `(loop $l (call $backpressure) (br $l)) ${END}`,
    callback: END,
  },
};

for (const [what, guest] of Object.entries(WRONG)) {
  test(`a task that ${what} traps`, async () => {
    await using sandbox = await open(what.replaceAll(" ", "-").replaceAll("'", ""), guest);
    await failsWith("trap", /./, sandbox.call("f"));
    await failsWith("trap", /./, sandbox.call("f"));
  });
}

/** Answers its caller, or the caller of its callback when `later` is not 0, with a code, and has given no result. */
const CODES = `(component
  (core module $m
    (global $code (mut i32) (i32.const 0))
    (func (export "f") (param i32 i32) (result i32)
      (global.set $code (local.get 0)) (select (i32.const 1) (local.get 0) (local.get 1)))
    (func (export "cb") (param i32 i32 i32) (result i32) (global.get $code)))
  (core instance $i (instantiate $m))
  (func (export "f") async (param "code" u32) (param "later" u32)
    (canon lift (core func $i "f") async (callback (core func $i "cb")))))`;

test("a task that goes on with any code but those there are traps, and so does one that waits on what is no set", async () => {
  await using sandbox = await Sandbox.open(await textGuest("async-codes", CODES), { cache: TEST_CACHE });
  const none = Array.from({ length: 13 }, (_, code) => code + 3);
  const sets = [0, 1, 2, 1_000, 0x7ff_ffff, 0xfff_ffff].map((set) => 2 + set * 16);
  // The first two end without an answer; the last has every bit set.
  for (const code of [0, 16, ...none, ...none.map((one) => one + 16), ...sets, 2 ** 32 - 1]) {
    for (const later of [0, 1])
      await failsWith("trap", /the guest trapped: the guest /, sandbox.call("f", [code, later]));
  }
});

test("a call ends when its task answers: what the task does afterwards is not done", async () => {
  await using sandbox = await open(
    "goes-on",
    { body: `(call $return-number (i32.const 5)) ${AGAIN}`, callback: `(loop $l (br $l)) ${END}`, result: "u32" },
    { timeoutMs: 2000 },
  );
  for (let round = 0; round < 20; round += 1) assert.equal((await sandbox.call("f")).value, 5);
});

for (const [what, made] of Object.entries({
  "waitable sets": "(drop (call $set-new))",
  streams: "(drop (call $stream-new))",
  futures: "(drop (call $future-new))",
  "error contexts": "(drop (call $error-new (i32.const 0) (i32.const 0)))",
})) {
  test(`${what} that are made in a loop come to the limit of handles`, async () => {
    const guest = { body: `(loop $l ${made} (br $l)) ${END}`, callback: END };
    await using sandbox = await open(`fills-${what.replaceAll(" ", "-")}`, guest, { maxHandles: 1000 });
    const error = await failsWith("limit", /more than 1000 handles/, sandbox.call("f"));
    assert.equal(error.limit?.limit, "handles");
  });
}
