import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect, Sandbox } from "../../src/sandbox/index.ts";
import { camelCase } from "../../src/shared/wit/naming.ts";
import { TEST_CACHE, textGuest } from "../support/guests.ts";

/*
 * Names of JavaScript's own properties, and odd ones that the component model allows, as every kind of name: of imports, exports,
 * instances, parameters, fields, cases, flags and resources, and in core modules. Each is a name like any other.
 */

const NAMES = [
  "then",
  "constructor",
  "to-string",
  "value-of",
  "length",
  "prototype",
  "proto",
  "has-own-property",
  "to-JSON",
  "name",
  "arguments",
  "default",
  "await",
  "x-1-2",
  "ABC",
  "a1-B2-c3",
  "tag",
  "val",
  "self",
];

/** In core modules names are any text. */
const CORE_NAMES = ["__proto__", "constructor", "then", "toString", "valueOf", "length", "prototype", "", "\0", "é\n"];

const quoted = (name: string): string =>
  `"${[...Buffer.from(name)].map((byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("")}"`;

const all = (text: (name: string, index: number) => string): string => NAMES.map(text).join(" ");

test("imports, exports, instances and parameters have any name", async () => {
  const text = `(component
    ${all((name, index) => `(import "${name}" (func $f${index} (param "${name}" u32) (result u32)))`)}
    ${all((name, index) => `(import "acme:x/${name}" (instance $y${index} (export "${name}" (func (result u32)))))`)}
    (component $C (import "then" (func $f (result u32))) (export "then" (func $f)))
    ${all(
      (name, index) => `(alias export $y${index} "${name}" (func $g${index}))
      (instance $c${index} (instantiate $C (with "then" (func $g${index}))))
      (instance $e${index} (export "${name}" (func $c${index} "then")))
      (export "out:y/${name}" (instance $e${index})) (export "${name}" (func $f${index}))`,
    )})`;
  const capability = "c";
  const hostFunctions = NAMES.flatMap((name, index) => [
    {
      name,
      type: `func(${name}: u32) -> u32`,
      capability,
      call: ([given]: readonly unknown[]) => Number(given) + index,
    },
    { interface: `acme:x/${name}`, name, type: "func() -> u32", capability, call: () => 100 + index },
  ]);
  const events: string[] = [];
  await using sandbox = await Sandbox.open(await textGuest("names", text), {
    cache: TEST_CACHE,
    grants: { custom: { c: true } },
    hostFunctions,
    onEvent: ({ action }) => void events.push(action),
  });
  for (const [index, name] of NAMES.entries()) {
    assert.equal((await sandbox.call(name, [1000])).value, 1000 + index, name);
    assert.equal((await sandbox.call(`out:y/${name}#${name}`)).value, 100 + index, name);
  }
  assert.deepEqual(
    events,
    NAMES.flatMap((name) => [name, `acme:x/${name}#${name}`]),
  );
});

test("fields, cases, flags and enums have any name, and so do types and resources", async () => {
  const options = `(memory (core memory $m "mem")) (realloc (core func $m "realloc"))`;
  const text = `(component
    (type $r0 (record ${all((name) => `(field "${name}" u8)`)})) (export $r "then" (type $r0))
    (type $v0 (variant ${all((name) => `(case "${name}" u8)`)})) (export $v "constructor" (type $v0))
    (type $e0 (enum ${all((name) => `"${name}"`)})) (export $e "to-string" (type $e0))
    (type $f0 (flags ${all((name) => `"${name}"`)})) (export $f "value-of" (type $f0))
    ${all((name, index) => `(type $h${index} (resource (rep i32))) (export $k${index} "k-${name}" (type $h${index}))`)}
    (core module $m (memory (export "mem") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
      (func (export "record") (param i32) (result i32) (local.get 0))
      (func (export "variant") (param i32 i32) (result i32)
        (i32.store8 (i32.const 0) (local.get 0)) (i32.store8 (i32.const 1) (local.get 1)) (i32.const 0))
      (func (export "one") (param i32) (result i32) (local.get 0)))
    (core instance $m (instantiate $m))
    (func (export "record") (param "a" $r) (result $r) (canon lift (core func $m "record") ${options}))
    (func (export "variant") (param "a" $v) (result $v) (canon lift (core func $m "variant") ${options}))
    (func (export "enum") (param "a" $e) (result $e) (canon lift (core func $m "one")))
    (func (export "flags") (param "a" $f) (result $f) (canon lift (core func $m "one"))))`;
  await using sandbox = await Sandbox.open(await textGuest("names-of-parts", text), { cache: TEST_CACHE });
  const record = Object.fromEntries(NAMES.map((name, index) => [camelCase(name), index]));
  assert.deepEqual((await sandbox.call("record", [record])).value, record);
  for (const [index, tag] of NAMES.entries()) {
    assert.deepEqual((await sandbox.call("variant", [{ tag, val: index }])).value, { tag, val: index });
    assert.equal((await sandbox.call("enum", [tag])).value, tag);
    const flags = Object.fromEntries(NAMES.map((name) => [camelCase(name), name === tag]));
    assert.deepEqual((await sandbox.call("flags", [{ [camelCase(tag)]: true }])).value, flags);
  }
  assert.equal(Object.getPrototypeOf((await sandbox.call("record", [record])).value), Object.prototype);
});

test("core modules import and export under any name, memories and functions", async () => {
  const exported = CORE_NAMES.map((name, index) => `(func (export ${quoted(name)}) (result i32) (i32.const ${index}))`);
  const imported = CORE_NAMES.map(
    (name, index) => `(import ${quoted(name)} ${quoted(name)} (func $f${index} (result i32)))
      (export ${quoted(name)} (func $f${index}))`,
  );
  const parts = CORE_NAMES.map(
    (name) => `(with ${quoted(name)} (instance (export ${quoted(name)} (func $a ${quoted(name)}))))`,
  );
  const text = `(component
    (core module $a ${exported.join(" ")}) (core instance $a (instantiate $a))
    (core module $b ${imported.join(" ")})
    (core instance $b (instantiate $b ${parts.join(" ")}))
    ${CORE_NAMES.map((name, index) => `(func (export "f${index}") (result u32) (canon lift (core func $b ${quoted(name)})))`).join(" ")})`;
  const source = await textGuest("names-in-modules", text);
  await using sandbox = await Sandbox.open(source, { cache: TEST_CACHE });
  for (const index of CORE_NAMES.keys()) assert.equal((await sandbox.call(`f${index}`)).value, index);
  assert.equal((await inspect(source)).runnable, true);
});
