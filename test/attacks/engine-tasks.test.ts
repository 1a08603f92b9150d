import assert from "node:assert/strict";
import { mkdirSync, openSync, closeSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { test } from "node:test";
import { decodeComponent } from "../../src/component/decode-component.ts";
import { PreparedPlan } from "../../src/runtime/engine/prepared-plan.ts";
import { guestStackBytes } from "../../src/runtime/guest-stack.ts";
import { CordonError, Sandbox, type SandboxOptions } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { manySignatures } from "../support/many-signatures.ts";
import { TEST_CACHE, temporaryFolder, textGuest } from "../support/guests.ts";
import { parse } from "../support/wasm-tools.ts";
import { LEFT_BEHIND } from "../support/left-behind.ts";

/*
 * What a guest's tasks may try against the host, against each other, and against the guests beside, in components of several. Each was
 * seen to do it before the mend.
 */

async function open(text: string, options: SandboxOptions = {}): Promise<Sandbox> {
  return Sandbox.open(await textGuest("engine-tasks", text), { cache: TEST_CACHE, ...options });
}

/** A function of the embedder's, of one capability. */
function given(
  name: string,
  type: string,
  call: () => unknown,
): Pick<SandboxOptions, "hostFunctions"> & { readonly grants: { readonly custom: Readonly<Record<string, true>> } } {
  const provided = { interface: "acme:x/y", name, type, capability: "c", call };
  return { hostFunctions: [provided], grants: { custom: { c: true } } };
}

/** Two component instances, `$b` of B and `$a` of A, which is given the function `g` of the first and exports `f`. */
const composed = (b: string, a: string, imports = "", withB = ""): string => `(component ${imports}
  (component $B ${b}) (component $A ${a})
  (instance $b (instantiate $B ${withB})) (instance $a (instantiate $A (with "g" (func $b "g"))))
  (alias export $a "f" (func $f)) (export "f" (func $f)))`;

/** Starts `g` without waiting for it, and answers 7. */
const STARTS = `(import "g" (func $g async))
  (core func $gl (canon lower (func $g) async))
  (core module $m (import "" "g" (func $g (result i32))) (func (export "f") (result i32) (drop (call $g)) (i32.const 7)))
  (core instance $i (instantiate $m (with "" (instance (export "g" (func $gl))))))
  (func (export "f") (result u32) (canon lift (core func $i "f")))`;

/** A `g` that does so to begin with, and so in its callback. */
const goingOn = (begin: string, callback: string): string =>
  composed(
    `(import "note" (func $note (param "n" u32)))
    (core func $notel (canon lower (func $note)))
    (core func $new (canon waitable-set.new))
    (core module $m (import "" "note" (func $note (param i32))) (import "" "new" (func $new (result i32)))
      (func (export "g") (result i32) ${begin})
      (func (export "cb") (param i32 i32 i32) (result i32) ${callback}))
    (core instance $i (instantiate $m (with "" (instance (export "note" (func $notel)) (export "new" (func $new))))))
    (func (export "g") async (canon lift (core func $i "g") async (callback (core func $i "cb"))))`,
    STARTS,
    `(import "acme:x/y" (instance $y (export "note" (func (param "n" u32))))) (alias export $y "note" (func $note))`,
    `(with "note" (func $note))`,
  );

test("a task that is left behind reads and writes nothing by a number that is another file's now", async (context) => {
  const folder = await temporaryFolder(context);
  const [granted, secret] = [join(folder, "granted"), join(folder, "secret")];
  mkdirSync(granted);
  writeFileSync(join(granted, "mine.txt"), "mine, and only mine");
  writeFileSync(secret, "of the host, and nobody else's");
  const seen: string[] = [];
  await using sandbox = await open(LEFT_BEHIND, {
    grants: { filesystem: { preopens: [{ host: granted, guest: "/", write: true }] } },
    onEvent: ({ resource }) => void seen.push(resource),
  });
  const opened: number[] = [];
  const timer = setInterval(() => opened.push(openSync(secret, "r+")), 5);
  try {
    for (let call = 0; call < 3; call += 1) assert.equal((await sandbox.call("f")).value, 7);
  } finally {
    clearInterval(timer);
    for (const fd of opened) closeSync(fd);
  }
  assert.deepEqual(new Set(seen), new Set(["/mine.txt"]));
  assert.equal(readFileSync(secret, "utf8"), "of the host, and nobody else's");
});

test("a task that is left behind does nothing once the call is answered, and between calls of an instance", async () => {
  let notes = 0;
  const note = given("note", "func(n: u32)", () => (notes += 1));
  await using sandbox = await open(goingOn("(i32.const 1)", "(call $note (i32.const 1)) (i32.const 1)"), note);
  assert.equal((await sandbox.call("f")).value, 7);
  const instance = await sandbox.instantiate();
  assert.equal((await instance.call("f")).value, 7);
  const before = notes;
  await delay(100);
  assert.equal(notes, before);
  assert.equal((await instance.call("f")).value, 7);
  await instance.close();
});

test("a task that is left behind and waits for nothing ends no call that has its answer", async () => {
  const waits = goingOn("(i32.or (i32.const 2) (i32.shl (call $new) (i32.const 4)))", "unreachable");
  await using sandbox = await open(
    waits,
    given("note", "func(n: u32)", () => undefined),
  );
  assert.equal((await sandbox.call("f")).value, 7);
  await using instance = await sandbox.instantiate();
  for (let call = 0; call < 3; call += 1) assert.equal((await instance.call("f")).value, 7);
});

/** Its `realloc` does so when a stream is read for it, while the other component's task writes. */
const reading = (built: string, type: string, does: string): string => `(component
  (component $R
    (type $st (stream string))
    (core func $used ${built})
    (core module $libc (import "" "used" (func $used ${type})) (memory (export "mem") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) ${does} (i32.const 64)))
    (core instance $libc (instantiate $libc (with "" (instance (export "used" (func $used))))))
    (core func $read (canon stream.read $st async (memory (core memory $libc "mem")) (realloc (core func $libc "realloc"))))
    (core module $m (import "" "read" (func $read (param i32 i32 i32) (result i32)))
      (func (export "take") (param i32) (drop (call $read (local.get 0) (i32.const 1024) (i32.const 1)))))
    (core instance $i (instantiate $m (with "" (instance (export "read" (func $read))))))
    (func (export "take") (param "s" (stream string)) (canon lift (core func $i "take"))))
  (component $W
    (import "take" (func $take (param "s" (stream string))))
    (type $st (stream string))
    (core module $libc (memory (export "mem") 1) (data (i32.const 0) "\\10\\00\\00\\00\\03\\00\\00\\00") (data (i32.const 16) "abc"))
    (core instance $libc (instantiate $libc))
    (core func $take (canon lower (func $take)))
    (core func $new (canon stream.new $st))
    (core func $write (canon stream.write $st async (memory (core memory $libc "mem"))))
    (core func $return (canon task.return (result u32)))
    (core module $m
      (import "" "take" (func $take (param i32))) (import "" "new" (func $new (result i64)))
      (import "" "write" (func $write (param i32 i32 i32) (result i32))) (import "" "return" (func $return (param i32)))
      (func (export "f") (result i32) (local $p i64)
        (local.set $p (call $new))
        (call $take (i32.wrap_i64 (local.get $p)))
        (drop (call $write (i32.wrap_i64 (i64.shr_u (local.get $p) (i64.const 32))) (i32.const 0) (i32.const 1)))
        (call $return (i32.const 7)) (i32.const 0))
      (func (export "cb") (param i32 i32 i32) (result i32) unreachable))
    (core instance $i (instantiate $m (with "" (instance
      (export "take" (func $take)) (export "new" (func $new)) (export "write" (func $write)) (export "return" (func $return))))))
    (func (export "f") async (result u32) (canon lift (core func $i "f") async (callback (core func $i "cb")))))
  (instance $r (instantiate $R)) (instance $w (instantiate $W (with "take" (func $r "take"))))
  (alias export $w "f" (func $f)) (export "f" (func $f)))`;

test("realloc does not answer for the task whose values are passed", async () => {
  const forges = reading("(canon task.return (result u32))", "(param i32)", "(call $used (i32.const 666))");
  await using sandbox = await open(forges);
  await failsWith("trap", /while values were passed to it/, sandbox.call("f"));
});

test("realloc sees and changes no number that a task keeps, of another component or its own", async () => {
  const keeps = reading("(canon context.get i32 0)", "(result i32)", "(if (call $used) (then unreachable))");
  await using reader = await open(keeps);
  assert.equal((await reader.call("f")).value, 7);
  const own = `(component
    (core func $get (canon context.get i32 0)) (core func $set (canon context.set i32 0))
    (core module $m
      (import "" "get" (func $get (result i32))) (import "" "set" (func $set (param i32)))
      (memory (export "mem") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32)
        (if (call $get) (then unreachable)) (call $set (i32.const 3)) (i32.const 64))
      (func (export "f") (param i32 i32) (result i32) (call $get)))
    (core instance $i (instantiate $m (with "" (instance (export "get" (func $get)) (export "set" (func $set))))))
    (func (export "f") (param "s" string) (result u32)
      (canon lift (core func $i "f") (memory (core memory $i "mem")) (realloc (core func $i "realloc")))))`;
  await using sandbox = await open(own);
  await using instance = await sandbox.instantiate();
  for (let call = 0; call < 2; call += 1) assert.equal((await instance.call("f", ["abc"])).value, 0);
});

// Weakening: what a start function calls is suspended for a break, which the start function cannot be.
test("what a start function begins in another component takes as long as it takes", async () => {
  const own = `(component
    (component $a
      (core func $return (canon task.return)) (core func $yield (canon thread.yield))
      (core module $m (import "" "return" (func $return)) (import "" "yield" (func $yield (result i32)))
        (func (export "g") (local i32)
          (loop $on (br_if $on (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 30000000))))
          (call $return) (drop (call $yield))))
      (core instance $i (instantiate $m (with "" (instance (export "return" (func $return)) (export "yield" (func $yield))))))
      (func (export "g") async (canon lift (core func $i "g") async)))
    (instance $a (instantiate $a))
    (component $b
      (import "g" (func $g async))
      (core func $g (canon lower (func $g) async))
      (core module $m (import "" "g" (func $g (result i32))) (global $state (mut i32) (i32.const 0))
        (func $start (global.set $state (call $g))) (start $start)
        (func (export "f") (result i32) (global.get $state)))
      (core instance $i (instantiate $m (with "" (instance (export "g" (func $g))))))
      (func (export "f") (result u32) (canon lift (core func $i "f"))))
    (instance $b (instantiate $b (with "g" (func $a "g"))))
    (export "f" (func $b "f")))`;
  await using sandbox = await open(own);
  const returned = 2;
  assert.equal((await sandbox.call("f")).value, returned);
});

/** Calls a function of the embedder's that fails, where nobody waits for its end. */
const UNAWAITED: Readonly<Record<string, string>> = {
  "a start function that cannot be suspended": `(core func $bl (canon lower (func $bad)))
    (core module $m (import "" "bad" (func $bad (result i32))) (func $s (drop (call $bad))) (start $s)
      (func (export "f") (result i32) (i32.const 1)))
    (core instance $i (instantiate $m (with "" (instance (export "bad" (func $bl))))))
    (func (export "f") (result u32) (canon lift (core func $i "f")))`,
  "a component's start function that traps": `(core module $m (func (export "s") unreachable) (func (export "f") (result i32) (i32.const 1)))
    (core instance $i (instantiate $m)) (func $s (canon lift (core func $i "s"))) (start $s)
    (func (export "f") (result u32) (canon lift (core func $i "f")))`,
  "a function that is lifted as it was lowered": `
    (component $B (import "bad" (func $bad (result u32))) (core func $bl (canon lower (func $bad)))
      (func (export "g") (result u32) (canon lift (core func $bl))))
    (component $A (import "g" (func $g (result u32))) (core func $gl (canon lower (func $g)))
      (core module $m (import "" "g" (func $g (result i32))) (func (export "f") (result i32) (call $g)))
      (core instance $i (instantiate $m (with "" (instance (export "g" (func $gl))))))
      (func (export "f") (result u32) (canon lift (core func $i "f"))))
    (instance $b (instantiate $B (with "bad" (func $bad)))) (instance $a (instantiate $A (with "g" (func $b "g"))))
    (alias export $a "f" (func $f)) (export "f" (func $f))`,
};

const failing = (fields: string): string =>
  `(component (import "acme:x/y" (instance $y (export "bad" (func (result u32))))) (alias export $y "bad" (func $bad)) ${fields})`;

for (const [what, fields] of Object.entries(UNAWAITED)) {
  test(`${what} ends its own call, and none beside it`, async () => {
    const answer = Promise.withResolvers<number>();
    const waits = `(component
      (import "acme:x/y" (instance $y (export "wait" (func (result u32))))) (alias export $y "wait" (func $wait))
      (core func $wl (canon lower (func $wait)))
      (core module $m (import "" "wait" (func $wait (result i32))) (func (export "f") (result i32) (call $wait)))
      (core instance $i (instantiate $m (with "" (instance (export "wait" (func $wl))))))
      (func (export "f") (result u32) (canon lift (core func $i "f"))))`;
    await using good = await open(
      waits,
      given("wait", "func() -> u32", () => answer.promise),
    );
    const neighbours = Array.from({ length: 8 }, () => good.call("f"));
    const bad = given("bad", "func() -> u32", () => Promise.reject(new Error("no")));
    await using sandbox = await open(failing(fields), bad);
    await Promise.all(Array.from({ length: 4 }, () => failsWith("trap", /./u, sandbox.call("f"))));
    answer.resolve(5);
    assert.deepEqual(
      (await Promise.all(neighbours)).map(({ value }) => value),
      neighbours.map(() => 5),
    );
  });
}

test("a function that is lifted as it was lowered gives what it waited for", async () => {
  const text = failing(UNAWAITED["a function that is lifted as it was lowered"] ?? "");
  await using sandbox = await open(
    text,
    given("bad", "func() -> u32", () => delay(20, 5)),
  );
  assert.equal((await sandbox.call("f")).value, 5);
});

test("a component that traps after its answer stops who called it, whatever else was suspended meanwhile", async () => {
  let notes = 0;
  const text = `(component
    (import "acme:x/y" (instance $y (export "note" (func (param "n" u32))))) (alias export $y "note" (func $note))
    (component $C
      (core func $yield (canon thread.yield)) (core func $return (canon task.return))
      (core module $m (import "" "yield" (func $yield (result i32))) (import "" "return" (func $return))
        (func (export "h") (drop (call $yield)) (call $return)))
      (core instance $i (instantiate $m (with "" (instance (export "yield" (func $yield)) (export "return" (func $return))))))
      (func (export "h") async (canon lift (core func $i "h") async)))
    (component $B
      (import "h" (func $h async))
      (core func $h (canon lower (func $h) async)) (core func $return (canon task.return (result u32)))
      (core module $m (import "" "h" (func $h (result i32))) (import "" "return" (func $return (param i32)))
        (func (export "g") (drop (call $h)) (call $return (i32.const 9)) unreachable))
      (core instance $i (instantiate $m (with "" (instance (export "h" (func $h)) (export "return" (func $return))))))
      (func (export "g") async (result u32) (canon lift (core func $i "g") async)))
    (component $A
      (import "g" (func $g async (result u32))) (import "note" (func $note (param "n" u32)))
      (core func $gl (canon lower (func $g))) (core func $notel (canon lower (func $note)))
      (core func $return (canon task.return (result u32)))
      (core module $m
        (import "" "g" (func $g (result i32))) (import "" "note" (func $note (param i32)))
        (import "" "return" (func $return (param i32)))
        (func (export "f") (call $note (call $g)) (call $return (i32.const 1))))
      (core instance $i (instantiate $m (with "" (instance
        (export "g" (func $gl)) (export "note" (func $notel)) (export "return" (func $return))))))
      (func (export "f") async (result u32) (canon lift (core func $i "f") async)))
    (instance $c (instantiate $C)) (instance $b (instantiate $B (with "h" (func $c "h"))))
    (instance $a (instantiate $A (with "g" (func $b "g")) (with "note" (func $note))))
    (alias export $a "f" (func $f)) (export "f" (func $f)))`;
  await using sandbox = await open(
    text,
    given("note", "func(n: u32)", () => (notes += 1)),
  );
  await failsWith("trap", /./u, sandbox.call("f"));
  assert.equal(notes, 0);
});

test("tasks that have answered and wait on are counted, though they have no handle", async () => {
  const text = composed(
    `(core func $new (canon waitable-set.new)) (core func $return (canon task.return))
    (core module $m (import "" "new" (func $new (result i32))) (import "" "return" (func $return))
      (global $set (mut i32) (i32.const 0))
      (func (export "g") (result i32)
        (if (i32.eqz (global.get $set)) (then (global.set $set (call $new))))
        (call $return)
        (i32.or (i32.const 2) (i32.shl (global.get $set) (i32.const 4))))
      (func (export "cb") (param i32 i32 i32) (result i32) (i32.const 0)))
    (core instance $i (instantiate $m (with "" (instance (export "new" (func $new)) (export "return" (func $return))))))
    (func (export "g") async (canon lift (core func $i "g") async (callback (core func $i "cb"))))`,
    `(import "g" (func $g async))
    (core func $gl (canon lower (func $g) async))
    (core module $m (import "" "g" (func $g (result i32)))
      (func (export "f") (result i32) (loop $l (drop (call $g)) (br $l)) (i32.const 0)))
    (core instance $i (instantiate $m (with "" (instance (export "g" (func $gl))))))
    (func (export "f") (result u32) (canon lift (core func $i "f")))`,
  );
  await using sandbox = await open(text, { limits: { maxHandles: 1_000 } });
  const error = await failsWith("limit", /held more than 1000 handles/, sandbox.call("f"));
  assert.equal(error.limit?.limit, "handles");
});

test("destructors that drop the next resource come to a bound of stacks", async () => {
  const text = `(component
    (core module $t (table (export "slot") 1 funcref)) (core instance $t (instantiate $t))
    (core module $d (import "" "slot" (table 1 funcref)) (type $dt (func (param i32)))
      (func (export "dtor") (param i32) (call_indirect (type $dt) (local.get 0) (i32.const 0))))
    (core instance $d (instantiate $d (with "" (instance (export "slot" (table $t "slot"))))))
    (type $r (resource (rep i32) (dtor (core func $d "dtor"))))
    (core func $new (canon resource.new $r)) (core func $drop (canon resource.drop $r)) (core func $yield (canon thread.yield))
    (core module $m
      (import "" "new" (func $new (param i32) (result i32))) (import "" "drop" (func $drop (param i32)))
      (import "" "yield" (func $yield (result i32))) (import "" "slot" (table 1 funcref))
      (elem (i32.const 0) $dtor)
      (func $dtor (param i32) (call $drop (call $new (i32.const 1))))
      (func (export "f") (call $drop (call $new (i32.const 1)))))
    (core instance $i (instantiate $m (with "" (instance
      (export "new" (func $new)) (export "drop" (func $drop)) (export "yield" (func $yield)) (export "slot" (table $t "slot"))))))
    (func (export "f") (canon lift (core func $i "f"))))`;
  await using sandbox = await open(text);
  const error = await failsWith("limit", /64 calls between components under way/, sandbox.call("f"));
  assert.deepEqual(error.limit, { limit: "stacks", cap: 64 });
});

// The process ended within three seconds: each level went on from an empty stack.
test("destructors that wait on the way come to the same bound", async () => {
  const text = `(component
    (core module $t (table (export "t") 1 funcref)
      (func (export "d") (param i32) (call_indirect (param i32) (local.get 0) (i32.const 0))))
    (core instance $t (instantiate $t))
    (alias core export $t "d" (core func $dd))
    (type $r (resource (rep i32) (dtor (core func $dd))))
    (core func $new (canon resource.new $r)) (core func $drop (canon resource.drop $r))
    (core func $yield (canon thread.yield)) (core func $return (canon task.return))
    (core module $m
      (import "" "t" (table 1 funcref)) (import "" "new" (func $new (param i32) (result i32)))
      (import "" "drop" (func $drop (param i32))) (import "" "yield" (func $yield (result i32)))
      (import "" "return" (func $return))
      (func $d (param i32)
        (if (i32.eqz (i32.and (local.get 0) (i32.const 15))) (then (drop (call $yield))))
        (call $drop (call $new (i32.add (local.get 0) (i32.const 1)))))
      (elem (i32.const 0) $d)
      (func (export "f") (call $drop (call $new (i32.const 1))) (call $return)))
    (core instance $i (instantiate $m (with "" (instance
      (export "t" (table $t "t")) (export "new" (func $new)) (export "drop" (func $drop)) (export "yield" (func $yield))
      (export "return" (func $return))))))
    (func (export "f") async (canon lift (core func $i "f") async)))`;
  await using sandbox = await open(text);
  const error = await failsWith("limit", /64 calls between components under way/, sandbox.call("f"));
  assert.deepEqual(error.limit, { limit: "stacks", cap: 64 });
});

/** Starts so many tasks, each on a stack of its own, which wait until the end. */
const WAITING_STACKS = (stacks: number, then = "(loop $w (drop (call $yield)) (br $w))"): string =>
  composed(
    `(core func $yield (canon thread.yield))
    (core module $m (import "" "yield" (func $yield (result i32))) (func (export "g") (loop $l (drop (call $yield)) (br $l))))
    (core instance $i (instantiate $m (with "" (instance (export "yield" (func $yield))))))
    (func (export "g") async (canon lift (core func $i "g") async))`,
    `(import "g" (func $g async))
    (core func $gl (canon lower (func $g) async)) (core func $yield (canon thread.yield))
    (core module $m (import "" "g" (func $g (result i32))) (import "" "yield" (func $yield (result i32)))
      (func (export "f") (local i32)
        (loop $l (drop (call $g)) (br_if $l (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const ${stacks}))))
        ${then})
      (func (export "cb") (param i32 i32 i32) (result i32) unreachable))
    (core instance $i (instantiate $m (with "" (instance (export "g" (func $gl)) (export "yield" (func $yield))))))
    (func (export "f") async (canon lift (core func $i "f") async))`,
  );

test("stacks of calls between components are counted as memory, and fewer each when many guests have some", async () => {
  await using sandbox = await open(WAITING_STACKS(30, "unreachable"));
  const alone = await failsWith("trap", /./u, sandbox.call("f"));
  assert.equal(alone.usage?.memoryHighWaterBytes, 31 * guestStackBytes());
  await using many = await open(WAITING_STACKS(60), { limits: { timeoutMs: 30_000 } });
  // All wait, until one has fewer than it wants: then there is no need to go on.
  const seen = new AbortController();
  const calls = Array.from({ length: 60 }, async () => {
    const thrown: unknown = await many.call("f", [], { signal: seen.signal }).catch((error: unknown) => error);
    assert.ok(thrown instanceof CordonError);
    seen.abort();
    return thrown.limit?.limit ?? thrown.code;
  });
  const ends = new Set(await Promise.all(calls));
  assert.deepEqual([...ends].sort(), ["cancelled", "stacks"]);
});

test("instances are made with breaks, and no more of them once the call is over", async () => {
  const thousand = `(component (core module $m (func (export "f"))) ${"(core instance (instantiate $m))".repeat(1_000)})`;
  const text = `(component (component $c ${thousand.slice("(component".length, -1)})
    ${"(instance (instantiate $c))".repeat(9)}
    (core module $m (func (export "f"))) (core instance $i (instantiate $m)) (func (export "f") (canon lift (core func $i "f"))))`;
  await using good = await open(`(component (core module $m (func (export "f") (result i32) (i32.const 7)))
    (core instance $i (instantiate $m)) (func (export "f") (result u32) (canon lift (core func $i "f"))))`);
  await using sandbox = await open(text);
  const calls = Array.from({ length: 4 }, () => sandbox.call("f", [], { limits: { timeoutMs: 50 } }));
  const ended = Promise.all(calls.map((call) => failsWith("limit", /did not end/, call)));
  for (let call = 0; call < 20; call += 1) assert.equal((await good.call("f")).value, 7);
  for (const { usage } of await ended) assert.ok(usage !== undefined);
});

test("a map by numbers is small, and one by strings need not be", async () => {
  const mapOf = (entries: number): string => `(component
    (core module $m (memory (export "memory") 4)
      (func (export "f") (result i32) (local $i i32)
        (loop $l
          (i32.store (i32.add (i32.const 64) (i32.mul (local.get $i) (i32.const 16))) (local.get $i))
          (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const ${entries}))))
        (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const ${entries})) (i32.const 0)))
    (core instance $i (instantiate $m))
    (func (export "f") (result (map u64 u8)) (canon lift (core func $i "f") (memory (core memory $i "memory")))))`;
  await using small = await open(mapOf(2_048));
  assert.equal(((await small.call("f")).value as Map<bigint, number>).size, 2_048);
  await using large = await open(mapOf(2_049));
  await failsWith("trap", /a map of 2049 entries by numbers/, large.call("f"));
});

test("functions that a component defines and nobody imports cost its calls nothing", async () => {
  const text = `(component ${"(core func (canon thread.yield))".repeat(20_000)}
    (core module $m (func (export "f") (result i32) (i32.const 1)))
    (core instance $i (instantiate $m)) (func (export "f") (result u32) (canon lift (core func $i "f"))))`;
  const { plan } = decodeComponent(await parse(text));
  assert.ok(plan !== undefined);
  const prepared = new PreparedPlan(plan, () => false);
  assert.deepEqual([plan.coreFunctions.length, prepared.suspending.length], [20_000, 0]);
});

test("a handle is given out by an instance that stays alone", async () => {
  const text = `(component
    (type $r (resource (rep i32)))
    (core func $new (canon resource.new $r))
    (core module $m (import "" "new" (func $new (param i32) (result i32))) (func (export "make") (result i32) (call $new (i32.const 1))))
    (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
    (export $out "r" (type $r))
    (func (export "make") (result (own $out)) (canon lift (core func $i "make"))))`;
  await using sandbox = await open(text);
  await failsWith("unsupported", /its result cannot leave its instance/, sandbox.call("make"));
});

test("calls of many types may wait, and of too many, which the engine would keep for ever, are refused", async () => {
  await using sandbox = await open(manySignatures(100));
  assert.equal((await sandbox.call("f")).value, 7);
  await failsWith("limit", /it has 301 kinds of calls that may wait, over the bound of 256/, open(manySignatures(300)));
});

test("exceptions are kept on one stack of an instance alone: no other could take back what was counted", async () => {
  const text = (lift: string): string => `(component
    (core func $return (canon task.return))
    (core module $m (import "" "return" (func $return))
      (tag $t)
      (func (export "f") (local $kept exnref)
        (block $caught (result exnref) (try_table (catch_all_ref $caught) (throw $t)) (unreachable))
        (local.set $kept) (call $return)))
    (core instance $i (instantiate $m (with "" (instance (export "return" (func $return))))))
    (func (export "f") async (canon lift (core func $i "f") async ${lift})))`;
  await failsWith("unsupported", /tasks on stacks of their own/, open(text("")));
});
