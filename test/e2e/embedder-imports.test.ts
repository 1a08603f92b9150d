import assert from "node:assert/strict";
import { test } from "node:test";
import { type HostFunctionInput, inspect, Sandbox } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, textGuest } from "../support/guests.ts";

const GRANTS = { custom: { c: true } };

function giving(number: number, of: Partial<HostFunctionInput>): HostFunctionInput {
  return { name: "number", type: "func() -> u32", capability: "c", call: () => number, ...of };
}

/** A component whose `f` adds what the imported functions give, each under an index. */
function adding(imports: string, functions: readonly string[]): Promise<string> {
  const indices = functions.map((_, index) => index);
  return textGuest(
    "adding",
    `(component ${imports}
      ${functions.map((one, index) => `${one.replace("$f", `$f${index}`)} (core func $l${index} (canon lower (func $f${index})))`).join("\n")}
      (core module $m ${indices.map((index) => `(import "" "${index}" (func $${index} (result i32)))`).join(" ")}
        (func (export "f") (result i32) (i32.const 0) ${indices.map((index) => `(i32.add (call $${index}))`).join(" ")}))
      (core instance $i (instantiate $m (with "" (instance
        ${indices.map((index) => `(export "${index}" (func $l${index}))`).join(" ")}))))
      (func (export "f") (result u32) (canon lift (core func $i "f"))))`,
  );
}

const INSTANCE = (name: string, id: string): string =>
  `(import "${name}" (instance ${id} (export "number" (func (result u32)))))`;

test("the embedder gives functions by themselves, and of interfaces without a package", async () => {
  const component = await adding(`(import "number" (func $f0 (result u32))) ${INSTANCE("plain", "$p")}`, [
    "",
    `(alias export $p "number" (func $f))`,
  ]);
  const hostFunctions = [giving(1, {}), giving(20, { interface: "plain" })];
  const events: string[] = [];
  await using sandbox = await Sandbox.open(component, {
    cache: TEST_CACHE,
    grants: GRANTS,
    hostFunctions,
    onEvent: ({ action }) => void events.push(action),
  });
  const { value, usage } = await sandbox.call("f");
  assert.equal(value, 21);
  assert.deepEqual(events, ["number", "plain#number"]);
  assert.deepEqual(usage.hostCallsByFunction, { number: 1, "plain#number": 1 });
  await failsWith("unsupported", /number, plain;/, Sandbox.open(component, { cache: TEST_CACHE }));
});

test("versions of one interface are given side by side, each to who asks for it or a compatible one", async () => {
  const name = "acme:x/y";
  const component = await adding(
    `${INSTANCE(`${name}@0.1.0`, "$a")} ${INSTANCE(`${name}@0.2.5`, "$b")} ${INSTANCE(`${name}@1.0.0`, "$c")} ${INSTANCE(name, "$d")}`,
    ["$a", "$b", "$c", "$d"].map((id) => `(alias export ${id} "number" (func $f))`),
  );
  const hostFunctions = [
    giving(1, { interface: `${name}@0.1.0` }),
    giving(20, { interface: `${name}@0.2.0` }),
    giving(300, { interface: `${name}@1.2.0` }),
    giving(4_000, { interface: `${name}@1.0.0` }),
    giving(50_000, { interface: name }),
  ];
  await using sandbox = await Sandbox.open(component, { cache: TEST_CACHE, grants: GRANTS, hostFunctions });
  assert.equal((await sandbox.call("f")).value, 54_021);
  const without = Sandbox.open(component, { cache: TEST_CACHE, hostFunctions: hostFunctions.slice(1) });
  await failsWith("unsupported", /acme:x\/y@0\.1\.0;/, without);
});

test("a function of another type than the component's is refused, by itself too", async () => {
  const component = await adding(`(import "number" (func $f0 (result u32)))`, [""]);
  const hostFunctions = [giving(1, { type: "func() -> u64" })];
  await failsWith(
    "unsupported",
    /number of type func\(\) -> u32 \(it is func\(\) -> u64\)/,
    Sandbox.open(component, { hostFunctions }),
  );
});

/** An instance under a name of the component's own, which implements an interface. */
const IMPLEMENTING = (name: string, id: string, what: string): string =>
  `(import "${name}" (implements "${what}") (instance ${id} (export "number" (func (result u32)))))`;

test("an instance that implements an interface is given by its own name, or else as that interface", async () => {
  const component = await adding(
    `${IMPLEMENTING("primary", "$p", "acme:x/y@0.2.1")} ${IMPLEMENTING("secondary", "$s", "acme:x/y@0.2.1")}`,
    ["$p", "$s"].map((id) => `(alias export ${id} "number" (func $f))`),
  );
  const open = async (hostFunctions: readonly HostFunctionInput[]): Promise<unknown> => {
    await using sandbox = await Sandbox.open(component, { cache: TEST_CACHE, grants: GRANTS, hostFunctions });
    return (await sandbox.call("f")).value;
  };
  const shared = giving(1, { interface: "acme:x/y@0.2.0" });
  assert.equal(await open([shared]), 2);
  assert.equal(await open([shared, giving(20, { interface: "secondary" })]), 21);
  assert.equal(await open([giving(300, { interface: "primary" }), giving(20, { interface: "secondary" })]), 320);
  const missing = /: primary \(which implements acme:x\/y@0\.2\.1\), secondary \(which implements acme:x\/y@0\.2\.1\);/;
  await failsWith("unsupported", missing, open([]));
  await failsWith("unsupported", missing, open([giving(1, { interface: "acme:x/y@0.3.0" })]));
  // What has the name is it, also where a function is missing that the interface would have.
  const other = giving(1, { interface: "primary", name: "other" });
  await failsWith("unsupported", /: primary#number;/, open([shared, other]));
});

/** Asks for random bytes of an instance with a name of its own; gives how many there are. */
const RANDOM_AS = (name: string, suffix: string): string => `(component
  (import "${name}" ${suffix} (instance $r (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))
  (core module $libc (memory (export "mem") 1) (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64)))
  (core instance $libc (instantiate $libc))
  (core func $get (canon lower (func $r "get-random-bytes") (memory (core memory $libc "mem")) (realloc (core func $libc "realloc"))))
  (core module $m (import "" "get" (func $get (param i64 i32))) (import "" "mem" (memory 1))
    (func (export "f") (result i32) (call $get (i64.const 16) (i32.const 0)) (i32.load (i32.const 4))))
  (core instance $i (instantiate $m (with "" (instance (export "get" (func $get)) (export "mem" (memory $libc "mem"))))))
  (func (export "f") (result u32) (canon lift (core func $i "f"))))`;

for (const [what, name, suffix] of [
  ["a name of its own", "dice", '(implements "wasi:random/random@0.2.3")'],
  ["the part of its version that others have too", "wasi:random/random@0.2", '(versionsuffix ".3")'],
] as const) {
  test(`an interface of WASI under ${what} is served, and shown as what it is`, async () => {
    const component = await textGuest("random-as", RANDOM_AS(name, suffix));
    await using sandbox = await Sandbox.open(component, { cache: TEST_CACHE });
    assert.equal((await sandbox.call("f")).value, 16);
    const { runnable, missing, reach } = await inspect(component);
    assert.deepEqual({ runnable, missing }, { runnable: true, missing: [] });
    assert.deepEqual(reach, [
      {
        interface: "wasi:random/random@0.2.3",
        access: "random bytes (seeded, unless granted)",
        grants: ["random"],
      },
    ]);
  });
}

test("what says that it implements an interface of WASI, and is of another type, is refused", async () => {
  const component = await textGuest(
    "random-of-another-type",
    RANDOM_AS("dice", '(implements "wasi:random/insecure-seed@0.2.3")'),
  );
  await failsWith("unsupported", /dice#get-random-bytes;/, Sandbox.open(component, { cache: TEST_CACHE }));
  const { runnable, missing } = await inspect(component);
  assert.deepEqual({ runnable, missing }, { runnable: false, missing: ["dice#get-random-bytes"] });
});

test("a program that exports its entry under a name of its own is run", async () => {
  const component = await textGuest(
    "run-as",
    `(component
      (core module $m (func (export "run") (result i32) (i32.const 0)))
      (core instance $i (instantiate $m))
      (func $run (result (result)) (canon lift (core func $i "run")))
      (instance $r (export "run" (func $run)))
      (export "main" (implements "wasi:cli/run@0.2.6") (instance $r)))`,
  );
  await using sandbox = await Sandbox.open(component, { cache: TEST_CACHE });
  const { exitCode } = await sandbox.execute();
  assert.equal(exitCode, 0);
});
