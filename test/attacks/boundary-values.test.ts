import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Sandbox } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, textGuest } from "../support/guests.ts";

/*
 * Values of every kind that the Canonical ABI does not allow, as results of a guest and as what it passes to the host. Each has to
 * trap, and the next call to work. Cases were seen to fail with the weakening that their comment names.
 */

/** A type in the text format, and the encoding of its strings. */
interface Kind {
  readonly type: string;
  readonly encoding: "utf8" | "utf16";
}

/**
 * A guest with a function for each kind, `f0` and so on, which takes two numbers, and returns what they are the first eight bytes of, or
 * hands the host a list of that pointer and length.
 */
function guest(kinds: readonly Kind[], to: "result" | "host"): string {
  const options = ({ encoding }: Kind): string =>
    `(memory (core memory $libc "memory")) (realloc (core func $libc "realloc")) string-encoding=${encoding}`;
  const each = (text: (kind: Kind, index: number) => string): string => kinds.map(text).join("\n");
  const taking = to === "host";
  const take = (text: (kind: Kind, index: number) => string): string => (taking ? each(text) : "");
  return `(component
    (import "acme:sink/sink" (instance $sink
      ${take(({ type }, n) => `(export "take${n}" (func (param "given" ${type})))`)}))
    (core module $libc
      (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 16))
    (core instance $libc (instantiate $libc))
    ${take((kind, n) => `(core func $take${n} (canon lower (func $sink "take${n}") ${options(kind)}))`)}
    (core module $m
      (import "libc" "memory" (memory 1))
      ${take((_, n) => `(import "host" "take${n}" (func $take${n} (param i32 i32)))`)}
      ${take((_, n) => `(func (export "f${n}") (param $a i32) (param $b i32) (call $take${n} (local.get $a) (local.get $b)))`)}
      (func (export "f") (param $a i32) (param $b i32) (result i32)
        (i32.store (i32.const 64) (local.get $a)) (i32.store (i32.const 68) (local.get $b)) (i32.const 64)))
    (core instance $i (instantiate $m (with "libc" (instance $libc))
      (with "host" (instance ${take((_, n) => `(export "take${n}" (func $take${n}))`)}))))
    ${each(
      (kind, n) => `(func (export "f${n}") (param "a" u32) (param "b" u32) ${taking ? "" : `(result ${kind.type})`}
      (canon lift (core func $i "${taking ? `f${n}` : "f"}") ${options(kind)}))`,
    )})`;
}

type Pair = readonly [number, number];

/** Where a list may not be: the pointer, and the length in elements of the given size. */
function outside(size: number): readonly Pair[] {
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

const RECORDS: Readonly<Record<string, readonly [type: string, good: number, bad: readonly number[]]>> = {
  "a character": ["(tuple char u32)", 0x41, [0xd800, 0xdfff, 0x11_0000, -1, 0x7fff_ffff]],
  "a case": ["(tuple (option u8) u32)", 1, [2, 3, 255]],
  "a result's case": ["(tuple (result u8 (error u8)) u32)", 0, [2, 255]],
};

const STRINGS = ["utf8", "utf16"] as const;
const KINDS_OF_LISTS: readonly Kind[] = Object.keys(LISTS).flatMap((type) =>
  STRINGS.slice(0, type === "string" ? 2 : 1).map((encoding) => ({ type, encoding })),
);

/** What each guest has functions for. */
const KINDS: Readonly<Record<"result" | "host", readonly Kind[]>> = {
  result: [...KINDS_OF_LISTS, ...Object.values(RECORDS).map(([type]) => ({ type, encoding: "utf8" }) as const)],
  host: KINDS_OF_LISTS,
};

/** Both guests, for all tests: each call has a fresh instance. */
const sandboxes = new Map<"result" | "host", Sandbox>();

before(async () => {
  for (const to of ["result", "host"] as const) {
    const taken = to === "host" ? KINDS.host : [];
    const opened = await Sandbox.open(await textGuest("boundary-values", guest(KINDS[to], to)), {
      cache: TEST_CACHE,
      grants: { custom: { take: true } },
      hostFunctions: taken.map(({ type }, index) => ({
        interface: "acme:sink/sink",
        name: `take${index}`,
        type: `func(given: ${wit(type)})`,
        capability: "take",
        call: () => undefined,
      })),
    });
    sandboxes.set(to, opened);
  }
});

function sandboxFor(to: "result" | "host"): Sandbox {
  const sandbox = sandboxes.get(to);
  assert.ok(sandbox !== undefined);
  return sandbox;
}

after(async () => {
  for (const sandbox of sandboxes.values()) await sandbox.close();
});

/** Hands over what is well formed, then each of what is not, which has to trap, with what is well formed after each. */
async function traps(
  type: string,
  to: "result" | "host",
  good: Pair,
  bad: readonly Pair[],
  encoding: "utf8" | "utf16" = "utf8",
): Promise<void> {
  const sandbox = sandboxFor(to);
  const name = `f${KINDS[to].findIndex((kind) => kind.type === type && kind.encoding === encoding)}`;
  await sandbox.call(name, good);
  for (const pair of bad) {
    const call = sandbox.call(
      name,
      pair.map((value) => value >>> 0),
    );
    const answer = await call.then(
      ({ value }) => JSON.stringify(value) ?? "nothing",
      () => undefined,
    );
    assert.equal(answer, undefined, `it answered for ${pair.join(" and ")}`);
    await failsWith("trap", /./u, call);
    await sandbox.call(name, good);
  }
}

// Weakening, each alone: `chargeList` and the realm's `slice` do not check where memory ends.
for (const [type, size] of Object.entries(LISTS)) {
  for (const to of ["result", "host"] as const) {
    test(`a ${wit(type)} that is not within memory is a trap, as ${to === "host" ? "an argument" : "a result"}`, async () => {
      // An empty string has no bytes that could be anywhere.
      const pairs = outside(size).filter(([, length]) => type !== "string" || length !== 0);
      await traps(type, to, [256, 0], pairs);
    });
  }
}

for (const to of ["result", "host"] as const) {
  const argument = to === "host" ? "an argument" : "a result";
  test(`UTF-16 that is not aligned, or not within memory, is a trap, as ${argument}`, async () => {
    await traps(
      "string",
      to,
      [256, 1],
      [[257, 1], [65_535, 1], ...outside(2)].filter(([, length]) => length !== 0) as Pair[],
      "utf16",
    );
  });
}

test("lists that are not aligned are traps", async () => {
  for (const [type, pointer] of [
    ["(list s16)", 257],
    ["(list u64)", 260],
    ["(list f32)", 258],
    ["(list char)", 258],
    ["(list string)", 258],
  ] as const) {
    for (const to of ["result", "host"] as const) await traps(type, to, [256, 1], [[pointer, 1]]);
  }
});

for (const [what, [type, good, bad]] of Object.entries(RECORDS)) {
  test(`${what} that does not exist is a trap`, async () => {
    const pairs = bad.map((value): Pair => [value, 0]);
    await traps(type, "result", [good, 0], pairs);
  });
}
