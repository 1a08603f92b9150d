import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "../support/wasm-tools.ts";
import { Sandbox } from "../../src/sandbox/index.ts";
import {
  COMPONENT_SECTION as PART,
  componentOf,
  leb128,
  moduleOf,
  repeated,
  sectionOf,
} from "../support/component-bytes.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, textGuest } from "../support/guests.ts";
import { coreFunction } from "../support/text-guests.ts";

/** What a component may ask of whoever loads it. Nothing here is instantiated: it is refused while it is read. */

const MIB = 1024 * 1024;

/** No refusal may take longer, in milliseconds. Loading would be cancelled, which is another error. */
const MOST_MS = 30_000;

async function load(source: Uint8Array): Promise<void> {
  await (await Sandbox.open(source, { cache: false, signal: AbortSignal.timeout(MOST_MS) })).close();
}

const EMPTY = moduleOf();
const EMPTY_COMPONENT = componentOf();
const FUNCTION_TYPE = sectionOf(1, Uint8Array.of(1, 0x60, 0, 0));
const EMPTY_BODY = [2, 0, 0x0b];

function many(count: number, part: Uint8Array): Uint8Array {
  return componentOf(...Array.from({ length: count }, () => part));
}

function nested(levels: number): Uint8Array {
  let inner = EMPTY_COMPONENT;
  for (let level = 0; level < levels; level += 1) inner = componentOf(sectionOf(PART.component, inner));
  return inner;
}

function functions(count: number): Uint8Array {
  return moduleOf(
    FUNCTION_TYPE,
    sectionOf(3, repeated(count, 0)),
    sectionOf(10, leb128(count), Buffer.alloc(count * EMPTY_BODY.length, Uint8Array.from(EMPTY_BODY))),
  );
}

function exportsOf(count: number): Uint8Array {
  const entries = Array.from({ length: count }, (_, index) => {
    const name = Buffer.from(String(index));
    return Buffer.concat([leb128(name.length), name, Uint8Array.of(0, 0)]);
  });
  return moduleOf(
    FUNCTION_TYPE,
    sectionOf(3, repeated(1, 0)),
    sectionOf(7, leb128(count), Buffer.concat(entries)),
    sectionOf(10, repeated(1, ...EMPTY_BODY)),
  );
}

const asModule = (module: Uint8Array): Uint8Array => componentOf(sectionOf(PART.module, module));

/** Imports of a function, with names of a length. */
function importing(count: number, length = 6): Uint8Array {
  const imports = Array.from({ length: count }, (_, index) => {
    const name = Buffer.from(`f${index}`.padEnd(length, "x"));
    return Buffer.concat([Uint8Array.of(0), leb128(name.length), name, Uint8Array.of(1, 0)]);
  });
  return componentOf(
    sectionOf(PART.type, Uint8Array.of(1, 0x40, 0, 1, 0)),
    sectionOf(PART.import, leb128(count), ...imports),
  );
}

/** Twice as many instances with each level. */
const DOUBLING = `(component (component $c0 (type (resource (rep i32)))) ${Array.from(
  { length: 40 },
  (_, level) => `(component $c${level + 1}
    (alias outer 1 $c${level} (component $c)) (instance (instantiate $c)) (instance (instantiate $c)))`,
).join("")})`;

const MANY_TABLES = `(component (core module $m ${"(table 0 0 funcref)".repeat(100)})
  ${"(core instance (instantiate $m))".repeat(101)})`;

/** Functions with a long name each, passed under short ones to many instances: the plan would have the long name each time. */
function manyNames(imports: number, instances: number): Promise<Uint8Array> {
  const long = "x".repeat(4_000);
  const names = Array.from({ length: imports }, (_, index) => index.toString(36));
  return parse(`(component
    (core module $a (func (export "${long}")))
    (core instance $a (instantiate $a))
    (alias core export $a "${long}" (core func $f))
    (core module $b ${names.map((name) => `(import "m" "${name}" (func))`).join(" ")})
    (core instance $all ${names.map((name) => `(export "${name}" (func $f))`).join(" ")})
    ${`(core instance (instantiate $b (with "m" (instance $all))))`.repeat(instances)})`);
}

const REFUSED: readonly (readonly [what: string, component: () => Uint8Array | Promise<Uint8Array>, reason: RegExp])[] =
  [
    ["5,000 core modules", () => many(5_000, sectionOf(PART.module, EMPTY)), /1000 core modules/],
    ["5,000 nested components", () => many(5_000, sectionOf(PART.component, EMPTY_COMPONENT)), /1000 nested/],
    ["components nested 5,000 deep", () => nested(5_000), /64 levels/],
    [
      "100,000 core instances",
      () => componentOf(sectionOf(PART.module, EMPTY), sectionOf(PART.coreInstance, repeated(100_000, 0, 0, 0))),
      /10000 core instances/,
    ],
    [
      "100,000 instances",
      () =>
        componentOf(sectionOf(PART.component, EMPTY_COMPONENT), sectionOf(PART.instance, repeated(100_000, 0, 0, 0))),
      /10000 instances/,
    ],
    ["10,100 tables of 101 instances", () => parse(MANY_TABLES), /10100 tables, over the bound of 10000/],
    ["2^40 instances in 4 KB", () => parse(DOUBLING), /steps of evaluation/],
    ["a million types", () => componentOf(sectionOf(PART.type, repeated(1_000_000, 0x40, 0, 1, 0))), /steps/],
    ["100,001 types", () => componentOf(sectionOf(PART.type, repeated(100_001, 0x40, 0, 1, 0))), /100000 types/],
    ["20,001 imports", () => importing(20_001), /20000 imports and exports/],
    ["the same 4 KB of a name in 1,000 places", () => manyNames(100, 10), /bytes of its plan/],
    ["names of 4,097 bytes", () => importing(1, 4_097), /4096 bytes in one name/],
    ["a count of 4,294,967,295 types", () => componentOf(sectionOf(PART.type, leb128(2 ** 32 - 1))), /./],
    ["100,001 functions of a core module", () => asModule(functions(100_001)), /100001 functions, over the bound/],
    [
      "two million functions",
      () => asModule(functions(2_000_000)),
      /2000000 functions in its core modules, over the bound of 150000/,
    ],
    ["900,000 exports of a core module", () => asModule(exportsOf(900_000)), /1000000 steps/],
  ];

for (const [what, make, reason] of REFUSED) {
  test(`${what} are refused, and cost little`, async () => {
    const bytes = await make();
    const before = process.memoryUsage.rss();
    const code = what.startsWith("a count of") ? "invalid-component" : "limit";
    const error = await failsWith(code, reason, load(bytes));
    if (code === "limit") assert.equal(error.limit?.limit, "complexity");
    const grown = process.memoryUsage.rss() - before;
    assert.ok(grown < 256 * MIB, `${Math.round(grown / MIB)} MiB for ${bytes.length} bytes`);
  });
}

test("components that are large and within the bounds load", async () => {
  for (const make of [
    () => many(500, sectionOf(PART.module, EMPTY)),
    () => many(500, sectionOf(PART.component, EMPTY_COMPONENT)),
    () => nested(60),
    () => componentOf(sectionOf(PART.module, EMPTY), sectionOf(PART.coreInstance, repeated(500, 0, 0, 0))),
    () => componentOf(sectionOf(PART.type, repeated(50_000, 0x40, 0, 1, 0))),
    () => asModule(functions(100_000)),
    () => asModule(exportsOf(50_000)),
  ]) {
    await load(make());
  }
});

test("a component over maxComponentBytes is refused before it is read", async () => {
  const path = await textGuest(
    "load-padded",
    `${coreFunction("").slice(0, -1)} (@custom "padding" "${"x".repeat(9_000)}"))`,
  );
  const limits = { maxComponentBytes: 5_000 };
  for (const source of [path, componentOf(sectionOf(0, Buffer.alloc(9_000)))]) {
    const error = await failsWith(
      "limit",
      /over limits.maxComponentBytes, which is 5000 bytes/,
      Sandbox.open(source, { limits }),
    );
    assert.deepEqual([error.limit?.limit, error.limit?.cap], ["component-size", 5_000]);
  }
  await using sandbox = await Sandbox.open(path, { cache: TEST_CACHE, limits: { maxComponentBytes: 10_000 } });
  await sandbox.call("f");
});

/** Two instances of a module with two tables each: one that starts at 100 entries, one that may grow. */
const TABLES = `(component
  (core module $m (table 100 100 funcref) (table 1 50 externref) (func (export "f")))
  (core instance $a (instantiate $m))
  (core instance $b (instantiate $m))
  (func (export "f") (canon lift (core func $b "f"))))`;

test("tables of all instances are counted against the call's limits", async () => {
  await using sandbox = await Sandbox.open(await textGuest("load-tables", TABLES), {
    cache: TEST_CACHE,
    limits: { profile: "dense" },
  });
  await sandbox.call("f");
  await sandbox.call("f", [], { limits: { maxTables: 4, maxTableEntries: 300 } });
  const few = await failsWith(
    "limit",
    /4 tables, over its cap; raise limits.maxTables, which is 3/,
    sandbox.call("f", [], { limits: { maxTables: 3 } }),
  );
  assert.deepEqual(few.limit, { limit: "tables", cap: 3, used: 4 });
  const small = { limits: { maxTableEntries: 299 } };
  const error = await failsWith(
    "limit",
    /up to 300 entries, over its cap; raise limits.maxTableEntries, which is 299/,
    sandbox.call("f", [], small),
  );
  assert.deepEqual(error.limit, { limit: "table-entries", cap: 299, used: 300 });
});

/** Declares a gigabyte, and would write to all of it as it is instantiated: what is only reserved takes no memory. */
const GIGABYTES: readonly string[] = [
  "(memory 16384) (func $fill (memory.fill (i32.const 0) (i32.const 7) (i32.const 0x40000000)))",
  "(memory i64 16384) (func $fill (memory.fill (i64.const 0) (i32.const 7) (i64.const 0x40000000)))",
  `(memory $a 8192) (memory $b 8192) (func $fill
    (memory.fill $a (i32.const 0) (i32.const 7) (i32.const 0x20000000))
    (memory.fill $b (i32.const 0) (i32.const 7) (i32.const 0x20000000)))`,
];

test("a gigabyte that is declared loads, and is refused at the call, before any of it is made", async () => {
  for (const fields of GIGABYTES) {
    const gigabyte = await textGuest("load-gigabyte", coreFunction("", { fields: `${fields} (start $fill)` }));
    const before = process.memoryUsage.rss();
    await using sandbox = await Sandbox.open(gigabyte, { cache: false });
    const error = await failsWith("limit", /memories start at 1073741824 bytes/, sandbox.call("f"));
    assert.deepEqual(error.limit, { limit: "memory", cap: 128 * MIB, used: 1024 * MIB });
    const grown = process.memoryUsage.rss() - before;
    assert.ok(grown < 256 * MIB, `${Math.round(grown / MIB)} MiB`);
  }
});

/** A chain of so many instances, each with ten functions that it imports from the one before and gives on to the next. */
function chain(instances: number): string {
  const names = Array.from({ length: 10 }, (_, index) => `f${index}`);
  const each = (of: (name: string) => string): string => names.map(of).join(" ");
  const links = Array.from(
    { length: instances },
    (_, index) => `(instance $i${index + 1} (instantiate $c ${each((f) => `(with "${f}" (func $i${index} "${f}"))`)}))`,
  );
  return `(component
    (component $z (core module $m ${each((f) => `(func (export "${f}"))`)}) (core instance $i (instantiate $m))
      ${each((f) => `(func (export "${f}") (canon lift (core func $i "${f}")))`)})
    (component $c ${each((f) => `(import "${f}" (func $${f})) (core func $l${f} (canon lower (func $${f})))`)}
      (core module $m ${each((f) => `(import "" "${f}" (func))`)} ${each((f) => `(func (export "${f}"))`)})
      (core instance $i (instantiate $m (with "" (instance ${each((f) => `(export "${f}" (func $l${f}))`)}))))
      ${each((f) => `(func (export "${f}") (canon lift (core func $i "${f}")))`)})
    (instance $i0 (instantiate $z)) ${links.join(" ")}
    (export "f" (func $i${instances} "f0")))`;
}

// Weakening: plans are bounded by the steps of evaluation alone, and each worker has a copy of 13 MiB.
test("a small component with a large plan is refused", async () => {
  await load(await parse(chain(100)));
  const error = await failsWith("limit", /more than 2097152 bytes of its plan/, load(await parse(chain(900))));
  assert.equal(error.limit?.limit, "complexity");
});
