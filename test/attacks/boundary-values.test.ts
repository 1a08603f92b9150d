import assert from "node:assert/strict";
import { test } from "node:test";
import { Sandbox } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, textGuest } from "../support/guests.ts";

/*
 * Values of every kind that the Canonical ABI does not allow, as results of a guest and as what it passes to the host. Each has to
 * trap, and the next call to work. Seen to fail with the weakenings that are named.
 */

/** Fills in what is in memory from 64 on: numbers of 32 bits. */
function words(...values: readonly number[]): string {
  return values
    .flatMap((value) => [0, 8, 16, 24].map((shift) => `\\${((value >>> shift) & 0xff).toString(16).padStart(2, "0")}`))
    .join("");
}

/** A guest whose `good` returns, or hands to the host, what is well formed in memory at 64, and whose `bad` what is not, at 128. */
function guest(type: string, to: "result" | "host", { good, bad }: Values): string {
  const options = `(memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))`;
  const taking = to === "host";
  const lift = (name: string): string =>
    `(func (export "${name}") ${taking ? "" : `(result ${type})`} (canon lift (core func $i "${name}") ${options}))`;
  const load = (at: number): string =>
    taking ? `(call $take (i32.load (i32.const ${at})) (i32.load (i32.const ${at + 4})))` : `(i32.const ${at})`;
  return `(component
    ${taking ? `(import "acme:sink/sink" (instance $sink (export "take" (func (param "given" ${type})))))` : ""}
    (core module $libc
      (memory (export "memory") 1) (data (i32.const 64) "${good}") (data (i32.const 128) "${bad}")
      (data (i32.const 256) "\\41\\d8\\00\\00\\ff\\fe")
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 16))
    (core instance $libc (instantiate $libc))
    ${taking ? `(core func $take (canon lower (func $sink "take") ${options}))` : ""}
    (core module $m
      (import "libc" "memory" (memory 1))
      ${taking ? `(import "host" "take" (func $take (param i32 i32)))` : ""}
      (func (export "good") ${taking ? "" : "(result i32)"} ${load(64)})
      (func (export "bad") ${taking ? "" : "(result i32)"} ${load(128)}))
    (core instance $i (instantiate $m (with "libc" (instance $libc))
      ${taking ? `(with "host" (instance (export "take" (func $take))))` : ""}))
    ${lift("good")} ${lift("bad")})`;
}

interface Values {
  readonly good: string;
  readonly bad: string;
}

/** Where a list may not be: the pointer, and the length in elements of the given size. */
function outside(size: number): readonly (readonly [number, number])[] {
  const align = Math.max(size, 1);
  return [
    [-8 * align, 1],
    [-8 * align, 0],
    [65_536, 1],
    [65_536 + 8 * align, 0],
    [65_536 - align, 2],
    [0, 65_536 / size + 1],
    [0, -1],
    [0, 0x7fff_ffff],
    [0x7fff_fff8, 1],
    [0x4000_0000, 0x4000_0000],
  ];
}

const LISTS: Readonly<Record<string, number>> = {
  string: 1,
  "(list u8)": 1,
  "(list s16)": 2,
  "(list u64)": 8,
  "(list f32)": 4,
  "(list bool)": 1,
  "(list char)": 4,
  "(list string)": 8,
  "(list (list u8))": 8,
  "(list (tuple u8 u8))": 2,
  "(list (option u8))": 2,
};

/** In the text of WIT. */
function wit(type: string): string {
  return type
    .replaceAll(/\(tuple (\w+) (\w+)\)/g, "tuple<$1, $2>")
    .replaceAll(/\(option (\w+)\)/g, "option<$1>")
    .replaceAll(/\(list (\w+)\)/g, "list<$1>")
    .replaceAll(/\(list (.+)\)/g, "list<$1>");
}

async function traps(type: string, to: "result" | "host", values: Values, why: string): Promise<void> {
  await using sandbox = await Sandbox.open(await textGuest("boundary-values", guest(type, to, values)), {
    cache: TEST_CACHE,
    grants: to === "host" ? { custom: { take: true } } : {},
    hostFunctions:
      to === "host"
        ? [
            {
              interface: "acme:sink/sink",
              name: "take",
              type: `func(given: ${wit(type)})`,
              capability: "take",
              call: () => undefined,
            },
          ]
        : [],
  });
  await sandbox.call("good");
  const error = await sandbox.call("bad").then(
    ({ value }) => assert.fail(`${why}: it answered ${JSON.stringify(value)}`),
    (thrown: unknown) => thrown,
  );
  // A list that is far too long may be refused for what it would cost, before it is looked at.
  await failsWith("trap", /./u, Promise.reject(error));
  await sandbox.call("good");
}

// Weakening, each alone: `chargeList` and the realm's `slice` do not look at where memory ends.
for (const [type, size] of Object.entries(LISTS)) {
  for (const to of ["result", "host"] as const) {
    test(`a ${wit(type)} that is not within memory is a trap, as ${to === "host" ? "an argument" : "a result"}`, async () => {
      for (const [pointer, length] of outside(size)) {
        // An empty string has no bytes that could be anywhere.
        if (type === "string" && length === 0) continue;
        await traps(type, to, { good: words(256, 0), bad: words(pointer, length) }, `${pointer} + ${length}`);
      }
    });
  }
}

// Weakening: the glue does not look at the alignment.
test("lists that are not aligned are traps", async () => {
  for (const [type, pointer] of [
    ["(list s16)", 257],
    ["(list u64)", 260],
    ["(list f32)", 258],
    ["(list char)", 258],
    ["(list string)", 258],
  ] as const) {
    await traps(type, "result", { good: words(256, 0), bad: words(pointer, 1) }, type);
    await traps(type, "host", { good: words(256, 0), bad: words(pointer, 1) }, type);
  }
});

const RECORDS: Readonly<Record<string, readonly [type: string, good: number, bad: readonly number[]]>> = {
  "a character": ["(tuple char u32)", 0x41, [0xd800, 0xdfff, 0x11_0000, -1, 0x7fff_ffff]],
  "a case": ["(tuple (option u8) u32)", 1, [2, 3, 255]],
  "a result's case": ["(tuple (result u8 (error u8)) u32)", 0, [2, 255]],
};

// Weakening: the glue takes any number for the last case.
for (const [what, [type, good, bad]] of Object.entries(RECORDS)) {
  test(`${what} that does not exist is a trap`, async () => {
    for (const value of bad) await traps(type, "result", { good: words(good, 0), bad: words(value, 0) }, String(value));
  });
}
