import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CordonError, Sandbox } from "../../src/sandbox/index.ts";
import { TEST_CACHE, textGuest } from "../support/guests.ts";

/*
 * Functions that a core module imports by way of a table that is filled last, as tools make components. The engine leaves the table out
 * where it can; a guest that calls too early has to find what it would find without that, and so has a destructor.
 */

/** What is done in the start function of the main module, in that of one that is instantiated after it, and in the export `f`. */
interface Acts {
  readonly start: string;
  readonly later: string;
  readonly f: string;
}

/** @param isPlain Whether the table can be left out. */
function calling({ start, later, f }: Acts, isPlain: boolean): string {
  const more = isPlain ? "" : "nop";
  const imports = `(import "" "random" (func $random (param i64 i32))) (import "" "new" (func $new (param i32) (result i32)))
      (import "" "drop" (func $drop (param i32)))`;
  const given = '(export "random" (func $t "random")) (export "new" (func $new)) (export "drop" (func $drop))';
  return `(component
    (import "wasi:random/insecure@0.2.0" (instance $random
      (export "get-insecure-random-bytes" (func (param "len" u64) (result (list u8))))))
    (core module $trampolines
      (type $bytes (func (param i64 i32))) (type $one (func (param i32)))
      (table (export "$imports") 2 2 funcref)
      (func (export "random") (type $bytes) ${more} local.get 0 local.get 1 i32.const 0 call_indirect (type $bytes))
      (func (export "destroy") (type $one) local.get 0 i32.const 1 call_indirect (type $one)))
    (core instance $t (instantiate $trampolines))
    (type $r (resource (rep i32) (dtor (core func $t "destroy"))))
    (core func $new (canon resource.new $r))
    (core func $drop (canon resource.drop $r))
    (core module $main
      ${imports}
      (memory (export "memory") 1)
      (global $destroyed (mut i32) (i32.const 0))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
      (func (export "destroy") (param i32) (global.set $destroyed (i32.add (global.get $destroyed) (local.get 0))))
      (func $start ${start}) (start $start)
      (func (export "f") (result i32) ${f}))
    (core module $later ${imports} (func $start ${later}) (start $start))
    (core instance $m (instantiate $main (with "" (instance ${given}))))
    (core instance (instantiate $later (with "" (instance ${given}))))
    (core func $get (canon lower (func $random "get-insecure-random-bytes")
      (memory (core memory $m "memory")) (realloc (core func $m "realloc"))))
    (core module $filling
      (import "" "$imports" (table 2 2 funcref))
      (import "" "random" (func $random (param i64 i32))) (import "" "destroy" (func $destroy (param i32)))
      (elem (i32.const 0) func $random $destroy))
    (core instance (instantiate $filling (with "" (instance
      (export "$imports" (table $t "$imports")) (export "random" (func $get)) (export "destroy" (func $m "destroy"))))))
    (func (export "f") (result u32) (canon lift (core func $m "f"))))`;
}

interface Outcome {
  readonly value: unknown;
  readonly code: string | undefined;
  /** How often the host was called. */
  readonly calls: number | undefined;
}

async function outcomeOf(name: string, acts: Acts, isPlain: boolean): Promise<Outcome> {
  await using sandbox = await Sandbox.open(await textGuest(name, calling(acts, isPlain)), { cache: TEST_CACHE });
  try {
    const { value, usage } = await sandbox.call("f");
    return { value, code: undefined, calls: usage.hostCalls };
  } catch (error) {
    assert.ok(error instanceof CordonError && error.usage !== undefined, String(error));
    return { value: undefined, code: error.code, calls: error.usage.hostCalls };
  }
}

const RANDOM = "(call $random (i64.const 5) (i32.const 16))";
const DROP = "(call $drop (call $new (i32.const 7)))";
const TRAPS: Outcome = { value: undefined, code: "trap", calls: 0 };

const CASES: Readonly<Record<string, { readonly acts: Acts; readonly expected: Outcome }>> = {
  "calls when all is there reach the host and the destructor": {
    acts: { start: "", later: "", f: `${RANDOM} ${DROP} (i32.add (global.get $destroyed) (i32.load (i32.const 20)))` },
    expected: { value: 12, code: undefined, calls: 1 },
  },
  "a start function that calls the host too early traps, and the host learns nothing": {
    acts: { start: RANDOM, later: "", f: "(i32.const 0)" },
    expected: TRAPS,
  },
  "so does another module's, when the memory is there": {
    acts: { start: "", later: RANDOM, f: "(i32.const 0)" },
    expected: TRAPS,
  },
  "a start function that drops a resource before its destructor is there traps": {
    acts: { start: DROP, later: "", f: "(i32.const 0)" },
    expected: TRAPS,
  },
  "so does another module's, when there is a destructor that could be called": {
    acts: { start: "", later: DROP, f: "(global.get $destroyed)" },
    expected: TRAPS,
  },
  "a start function may call what it imports without a table": {
    acts: { start: "(drop (call $new (i32.const 7)))", later: "", f: `${RANDOM} (i32.load (i32.const 20))` },
    expected: { value: 5, code: undefined, calls: 1 },
  },
  "what is called too early traps, though the trap is caught": {
    acts: { start: "", later: `(block $caught (try_table (catch_all $caught) ${RANDOM}))`, f: "(i32.const 3)" },
    expected: TRAPS,
  },
};

// Weakening, each alone: what waits for a link is called before it; destructors are.
describe("functions by way of a table that is filled last", () => {
  for (const [position, [name, { acts, expected }]] of Object.entries(CASES).entries()) {
    test(name, async () => {
      const [left, kept] = await Promise.all([
        outcomeOf(`early-left-${position}`, acts, true),
        outcomeOf(`early-kept-${position}`, acts, false),
      ]);
      assert.deepEqual(kept, expected, "with the table");
      assert.deepEqual(left, expected, "without it");
    });
  }
});
