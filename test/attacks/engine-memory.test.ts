import assert from "node:assert/strict";
import { test } from "node:test";
import { Sandbox, type SandboxOptions } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, testGuest, textGuest } from "../support/guests.ts";
import { COMPONENT_SECTION, componentOf, leb128, moduleOf, repeated, sectionOf } from "../support/component-bytes.ts";
import { coreFunction } from "../support/text-guests.ts";

/** What a guest can take of the engine besides its linear memory. Without the bounds, most of these end the process. */

function open(source: string | Uint8Array, options: SandboxOptions = {}): Promise<Sandbox> {
  return Sandbox.open(source, { cache: TEST_CACHE, ...options });
}

/** A function that grows its table by `step` entries until it fails, and returns the table's size. */
const GROWING = (table: string, step: number): string => `(component
  (core module $m
    ${table}
    (func (export "f") (result i32)
      (loop $l (br_if $l (i32.ne (table.grow $t (ref.null func) (i32.const ${step})) (i32.const -1))))
      table.size $t))
  (core instance $i (instantiate $m))
  (func (export "f") (result u32) (canon lift (core func $i "f"))))`;

test("tables that start large are refused at load", async () => {
  for (const [name, fields] of Object.entries({
    "table-large": "(table 10000000 funcref)",
    "table-external": "(table 10000000 externref)",
    "tables-many": "(table 90000 90000 funcref)".repeat(100),
  })) {
    const error = await failsWith(
      "limit",
      /its tables and passive element segments take \d+ entries, over the bound/,
      open(await textGuest(name, coreFunction("", { fields }))),
    );
    assert.equal(error.limit?.limit, "complexity");
  }
});

test("tables of many instances are counted together", async () => {
  const instances = Array.from({ length: 900 }, (_, n) => `(core instance $i${n} (instantiate $m))`).join("\n");
  const text = `(component (core module $m (table 1000 1000 funcref)) ${instances})`;
  await failsWith(
    "limit",
    /its tables and passive element segments take 900000 entries/,
    open(await textGuest("tables-of-instances", text)),
  );
});

/** So many instances of a module with a table, and an element segment of so many entries. */
function withSegment(flags: readonly number[], entries: number, instances: number): Uint8Array {
  const module = moduleOf(
    sectionOf(1, Uint8Array.of(1, 0x60, 0, 0)),
    sectionOf(3, repeated(1, 0)),
    sectionOf(4, Uint8Array.of(1, 0x70, 0), leb128(100_000)),
    sectionOf(9, Uint8Array.of(1, ...flags), leb128(entries), Buffer.alloc(entries)),
    sectionOf(10, repeated(1, 2, 0, 0x0b)),
  );
  return componentOf(
    sectionOf(COMPONENT_SECTION.module, module),
    sectionOf(COMPONENT_SECTION.coreInstance, repeated(instances, 0, 0, 0)),
  );
}

test("entries of passive element segments count as those of tables, for each instance", async () => {
  const passive = [0x01, 0x00];
  const loads = async (component: Uint8Array): Promise<void> => (await open(component, { cache: false })).close();
  await loads(withSegment(passive, 150_000, 2));
  await failsWith(
    "limit",
    /its tables and passive element segments take 700000 entries/,
    loads(withSegment(passive, 600_000, 1)),
  );
  await failsWith(
    "limit",
    /its tables and passive element segments take 750000 entries/,
    loads(withSegment(passive, 150_000, 3)),
  );
});

test("entries that are written as instances are made are bounded together", async () => {
  const active = [0x00, 0x41, 0x00, 0x0b];
  const loads = async (component: Uint8Array): Promise<void> => (await open(component, { cache: false })).close();
  await loads(withSegment(active, 90_000, 4));
  await failsWith(
    "limit",
    /its instances write 1200000 entries of element segments/,
    loads(withSegment(active, 400_000, 3)),
  );
});

/** So many instances of a module that writes into a memory which they share, or has segments that are not written anywhere. */
function withData(segments: Uint8Array, instances: number): Uint8Array {
  const memory = moduleOf(sectionOf(5, Uint8Array.of(1, 1, 64, 64)), sectionOf(7, Uint8Array.of(1, 1, 0x6d, 0x02, 0)));
  const writes = moduleOf(sectionOf(2, Uint8Array.of(1, 1, 0x69, 1, 0x6d, 0x02, 0, 1)), sectionOf(11, segments));
  const instance = Uint8Array.of(0, 1, 1, 1, 0x69, 0x12, 0);
  return componentOf(
    sectionOf(COMPONENT_SECTION.module, memory),
    sectionOf(COMPONENT_SECTION.module, writes),
    sectionOf(COMPONENT_SECTION.coreInstance, Uint8Array.of(1, 0, 0, 0)),
    sectionOf(COMPONENT_SECTION.coreInstance, repeated(instances, ...instance)),
  );
}

// Unbounded, 10,000 instances held the thread for 3 s before any of their code ran.
test("bytes that are written as instances are made are bounded together", async () => {
  const loads = async (component: Uint8Array): Promise<void> => (await open(component, { cache: false })).close();
  const active = Buffer.concat([Uint8Array.of(1, 0, 0x41, 0, 0x0b), leb128(3_000_000), Buffer.alloc(3_000_000)]);
  await loads(withData(active, 10));
  const error = await failsWith(
    "limit",
    /its instances write 600000000 bytes of data segments/,
    loads(withData(active, 200)),
  );
  assert.equal(error.limit?.limit, "complexity");
});

test("data segments count for each instance", async () => {
  const loads = async (component: Uint8Array): Promise<void> => (await open(component, { cache: false })).close();
  const passive = repeated(50_000, 1, 0);
  await loads(withData(passive, 10));
  await failsWith("limit", /core instances take \d+ bytes of the heap/, loads(withData(passive, 100)));
});

test("a table grows to a bound and not past it", async () => {
  for (const [name, step] of [
    ["growing-table", 1000],
    ["growing-table-at-once", 1],
  ] as const) {
    await using sandbox = await open(await textGuest(name, GROWING("(table $t 0 funcref)", step)));
    const { value } = await sandbox.call("f");
    assert.ok(Number(value) <= 16_384 && Number(value) > 16_384 - step, String(value));
  }
  await using own = await open(await textGuest("growing-table-capped", GROWING("(table $t 0 7 funcref)", 1)));
  assert.equal((await own.call("f")).value, 7);
  await using started = await open(await textGuest("growing-table-started", GROWING("(table $t 20000 funcref)", 1)));
  assert.equal((await started.call("f")).value, 20_000);
});

test("tables that other modules import, with initializers and of 64-bit addresses, still work", async () => {
  const text = `(component
    (core module $a
      (func $seven (result i32) i32.const 7)
      (table (export "t") 3 funcref (ref.func $seven))
      (table (export "wide") i64 2 funcref)
      (elem declare func $seven))
    (core instance $a (instantiate $a))
    (core module $b
      (type $f (func (result i32)))
      (import "a" "t" (table $t 1 funcref))
      (import "a" "wide" (table $wide i64 1 funcref))
      (func (export "f") (result i32)
        (i32.add (call_indirect $t (type $f) (i32.const 2)) (i32.wrap_i64 (table.size $wide)))))
    (core instance $b (instantiate $b (with "a" (instance $a))))
    (func (export "f") (result u32) (canon lift (core func $b "f"))))`;
  await using sandbox = await open(await textGuest("shared-tables", text));
  assert.equal((await sandbox.call("f")).value, 9);
});

test("garbage-collected types are refused at load: their values live on the engine's heap", async () => {
  for (const [name, type] of Object.entries({
    "gc-array": "(type $a (array (mut i64)))",
    "gc-struct": "(type $s (struct (field i32)))",
    "gc-group": "(rec (type $s (struct)) (type $t (struct (field (ref null $s)))))",
  })) {
    await failsWith(
      "unsupported",
      /garbage-collected types/,
      open(await textGuest(name, coreFunction("", { fields: type }))),
    );
  }
});

test("more memories than an address space has room for are refused at load", async () => {
  const instances = (count: number): string =>
    Array.from({ length: count }, (_, n) => `(core instance $i${n} (instantiate $m))`).join("\n");
  const many = (fields: string, count: number): string => `(component
    (core module $m ${fields} (func (export "f") (result i32) i32.const 1)) ${instances(count)}
    (func (export "f") (result u32) (canon lift (core func $i0 "f"))))`;
  await using most = await open(await textGuest("memories-most", many("(memory 0)(memory 0)", 50)));
  assert.equal((await most.call("f")).value, 1);
  for (const [name, text] of Object.entries({
    "memories-over": many("(memory 0)(memory 0)", 51),
    "memories-many": many("(memory 0)".repeat(100), 900),
    "memories-wide": many("(memory i64 0)", 51),
  })) {
    await failsWith("limit", /linear memories, over the bound of 100/, open(await textGuest(name, text)));
  }
});

/** A component with so many instances of a module, of which nothing is called. */
function instancesOf(module: Uint8Array, count: number): Uint8Array {
  return componentOf(
    sectionOf(COMPONENT_SECTION.module, module),
    sectionOf(COMPONENT_SECTION.coreInstance, repeated(count, 0, 0, 0)),
  );
}

function exporting(count: number, kind: number, ...sections: readonly Uint8Array[]): Uint8Array {
  const entries = Array.from({ length: count }, (_, index) => {
    const name = Buffer.from(String(index));
    return Buffer.concat([leb128(name.length), name, Uint8Array.of(kind, 0)]);
  });
  const [before, after] = [sections.slice(0, -1), sections.slice(-1)];
  return moduleOf(...before, sectionOf(7, leb128(count), ...entries), ...after);
}

const [TYPE, FUNCTION, CODE] = [
  sectionOf(1, Uint8Array.of(1, 0x60, 0, 0)),
  sectionOf(3, repeated(1, 0)),
  sectionOf(10, repeated(1, 2, 0, 0x0b)),
];

/** Without the bound, the first ones fill a worker's heap before an instruction runs: its thread is lost, with all guests on it. */
const MADE_AT_INSTANTIATION: Readonly<Record<string, () => Uint8Array>> = {
  "60,000 exported functions in 5 instances": () => instancesOf(exporting(60_000, 0, TYPE, FUNCTION, CODE), 5),
  "60,000 exported globals in 10 instances": () =>
    instancesOf(exporting(60_000, 3, sectionOf(6, repeated(1, 0x7f, 0, 0x41, 0, 0x0b)), new Uint8Array()), 10),
  "90,000 references to functions in 10 instances": () =>
    instancesOf(moduleOf(TYPE, FUNCTION, sectionOf(6, repeated(90_000, 0x70, 0, 0xd2, 0, 0x0b)), CODE), 10),
  "names of 30 MB": () => {
    const name = Buffer.concat([leb128(4_000), Buffer.alloc(4_000, "x")]);
    const entries = Array.from({ length: 7_500 }, (_, index) => {
      const own = Buffer.from(name);
      own.write(String(index), leb128(4_000).length);
      return Buffer.concat([own, Uint8Array.of(3, 0)]);
    });
    const globals = sectionOf(6, repeated(1, 0x7f, 0, 0x41, 0, 0x0b));
    return instancesOf(moduleOf(globals, sectionOf(7, leb128(7_500), ...entries)), 1);
  },
};

for (const [what, component] of Object.entries(MADE_AT_INSTANTIATION)) {
  test(`what instances make of the heap before they run is bounded at load: ${what}`, async () => {
    const error = await failsWith(
      "limit",
      /core instances take \d+ bytes of the heap for what they export, import and define, over the bound/,
      Sandbox.open(component(), { cache: false }),
    );
    assert.equal(error.limit?.limit, "host-memory");
  });
}

test("a function body that is too large to compile within bounds is refused at load", async () => {
  const body = "(drop (i32.const 1))".repeat(400_000);
  const error = await failsWith(
    "limit",
    /has \d+ bytes in a function/,
    open(await textGuest("body-large", coreFunction(body))),
  );
  assert.equal(error.limit?.limit, "complexity");
});

test("a result that is small in memory and large as values is stopped before it leaves the worker", async () => {
  const text = `(component
    (core module $m
      (memory (export "memory") 500)
      (func (export "f") (param $length i32) (result i32)
        (i32.store (i32.const 0) (i32.const 16))
        (i32.store (i32.const 4) (local.get $length))
        i32.const 0))
    (core instance $i (instantiate $m))
    (func (export "f") (param "length" u32) (result (list bool))
      (canon lift (core func $i "f") (memory (core memory $i "memory")))))`;
  await using sandbox = await open(await textGuest("booleans", text));
  assert.equal(((await sandbox.call("f", [100_000])).value as unknown[]).length, 100_000);
  const error = await failsWith("limit", /copy more than 67108864 bytes/, sandbox.call("f", [9_000_000]));
  assert.equal(error.limit?.limit, "host-memory");
  await using next = await open(await testGuest());
  assert.equal((await next.call("add", [1, 2])).value, 3);
});
