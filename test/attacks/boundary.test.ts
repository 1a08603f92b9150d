import assert from "node:assert/strict";
import { test } from "node:test";
import { Sandbox, type SandboxOptions } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, testGuest, textGuest } from "../support/guests.ts";

function open(source: string, options: SandboxOptions = {}): Promise<Sandbox> {
  return Sandbox.open(source, { cache: TEST_CACHE, ...options });
}

/** Returns a string, given by the bytes that are in memory at 64 and the length, pointer and encoding it claims. */
const TEXT = (data: string, { pointer = 64, length = 0, encoding = "utf8" }): string => `(component
  (core module $m
    (memory (export "memory") 1)
    (data (i32.const 0) "${littleEndian(pointer)}${littleEndian(length)}")
    (data (i32.const 64) "${data}")
    (func (export "f") (result i32) i32.const 0))
  (core instance $i (instantiate $m))
  (func (export "f") (result string)
    (canon lift (core func $i "f") (memory (core memory $i "memory")) string-encoding=${encoding})))`;

function littleEndian(value: number): string {
  return [0, 8, 16, 24].map((shift) => `\\${((value >>> shift) & 0xff).toString(16).padStart(2, "0")}`).join("");
}

async function text(data: string, claim: Parameters<typeof TEXT>[1]): Promise<unknown> {
  const source = TEXT(data, claim);
  await using sandbox = await open(await textGuest("text", source));
  return (await sandbox.call("f")).value;
}

test("a string's bytes arrive as they are, with a byte order mark", async () => {
  assert.equal(await text("caf\\c3\\a9", { length: 5 }), "café");
  assert.equal(await text("\\ef\\bb\\bfx", { length: 4 }), "\uFEFFx");
  assert.equal(await text("h\\00i\\00", { length: 2, encoding: "utf16" }), "hi");
});

const MALFORMED: Readonly<Record<string, [string, Parameters<typeof TEXT>[1]]>> = {
  "bytes that are no UTF-8": ["\\ff\\fe\\fd", { length: 3 }],
  "an overlong encoding": ["\\c0\\80", { length: 2 }],
  "a surrogate in UTF-8": ["\\ed\\a0\\80", { length: 3 }],
  "a cut character": ["\\f0\\9f\\98", { length: 3 }],
  "a lone surrogate in UTF-16": ["\\00\\d8", { length: 1, encoding: "utf16" }],
  "a pointer past the end of memory": ["", { pointer: 0x7fff_fff0, length: 4 }],
  "a length past the end of memory": ["", { length: 0x7fff_ffff }],
  "a negative pointer": ["", { pointer: -16, length: 4 }],
  "a negative length": ["", { length: -1 }],
};

for (const [what, [data, claim]] of Object.entries(MALFORMED)) {
  test(`${what} is a trap`, async () => {
    await failsWith("trap", /trapped/, text(data, claim));
  });
}

test("exports with the names of JavaScript's own properties are called as any other", async () => {
  const names = ["then", "constructor", "to-string", "value-of", "has-own-property", "proto", "default", "delete"];
  const source = `(component
    (core module $m (func (export "f") (result i32) i32.const 7))
    (core instance $i (instantiate $m))
    ${names.map((name) => `(func (export "${name}") (result u32) (canon lift (core func $i "f")))`).join("\n")})`;
  await using sandbox = await open(await textGuest("property-names", source));
  for (const name of names) assert.equal((await sandbox.call(name)).value, 7, name);
  for (const name of ["__proto__", "prototype", "toString", "hasOwnProperty", "valueOf"]) {
    await failsWith("usage", /no such export/, sandbox.call(name));
  }
});

/**
 * For each name two core modules, one of which exports a function under it, and the other imports that. The function of the name at an
 * index returns the index, and is called as `f` with it.
 */
function linkedBy(names: readonly string[]): string {
  const pairs = names.map((name, index) => {
    const quoted = `"${[...Buffer.from(name)].map((byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("")}"`;
    return `
    (core module $a${index} (func (export ${quoted}) (result i32) i32.const ${index}))
    (core instance $a${index} (instantiate $a${index}))
    (core module $b${index} (import ${quoted} ${quoted} (func $f (result i32))) (func (export "f") (result i32) call $f))
    (core instance $b${index} (instantiate $b${index} (with ${quoted} (instance (export ${quoted} (func $a${index} ${quoted}))))))
    (func (export "f${index}") (result u32) (canon lift (core func $b${index} "f")))`;
  });
  return `(component ${pairs.join("\n")})`;
}

// Once, core names went into code that was made for the component, and the first three ran.
const CODE: readonly string[] = [
  "'); globalThis.pwned = 1; ('",
  "']; globalThis.pwned = 1; exports0['",
  "': (globalThis.pwned = 1), 'x",
  "`${globalThis.pwned = 1}`",
  '"\n}\nexport function instantiate(",',
  "x\u2028export function instantiate(\u2029",
  "\\",
  "a\\",
  "\u0000",
  "\u001b[2J",
  "\r",
  "__proto__",
];

const ODD = [
  "constructor",
  "toString",
  "hasOwnProperty",
  "then",
  "*/ x /*",
  "</script>",
  "import.meta.url",
  "${x}",
  "é 🌍",
  "",
];

test("core names are names like any other, whatever they would be as code", async () => {
  const names = [...CODE, ...ODD];
  await using sandbox = await open(await textGuest("odd", linkedBy(names)));
  for (const [index, name] of names.entries()) {
    assert.equal((await sandbox.call(`f${index}`)).value, index, JSON.stringify(name));
    assert.equal("pwned" in globalThis, false, JSON.stringify(name));
  }
});

test("exported functions whose names are one in JavaScript are not confused", async () => {
  const source = `(component
    (core module $m (func (export "one") (result i32) i32.const 1) (func (export "two") (result i32) i32.const 2))
    (core instance $i (instantiate $m))
    (func (export "a1b") (result u32) (canon lift (core func $i "one")))
    (func (export "a-1b") (result u32) (canon lift (core func $i "two"))))`;
  await using sandbox = await open(await textGuest("colliding", source));
  assert.equal((await sandbox.call("a1b")).value, 1);
  assert.equal((await sandbox.call("a-1b")).value, 2);
});

test("the end of one guest leaves what the next one sees untouched", async () => {
  await using sandbox = await open(await testGuest());
  await failsWith("trap", /trapped/, sandbox.call("fail", ["x"]));
  assert.equal((await sandbox.call("count")).value, 1);
});
