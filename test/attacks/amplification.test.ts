import assert from "node:assert/strict";
import { test } from "node:test";
import { type Attacked, attackedInTurn, amplifying, type Layout } from "../support/amplification.ts";

/*
 * What a guest can make the host allocate, by the resident memory of a process that runs the attack and nothing else. Each attack is
 * made twice: far over what one crossing may cost, which is refused before it is made; then with almost all of what is allowed,
 * which shows that what is charged is no less than what it takes. What the guest's own memory takes is included.
 */

const MIB = 1024 * 1024;

/** What the process may grow by at any moment of an attack, in bytes. */
const MOST_GROWTH = 64 * MIB;

interface Attack extends Layout {
  readonly what: string;
  /** How many elements are far too many, and how many are just not. */
  readonly tooMany: number;
  readonly most: number;
  /** The WIT type that a host function of the embedder takes, for {@link Layout.to} `host`. */
  readonly taken?: string;
}

/** The same three quarters of a mebibyte for every element. */
const SAME = { length: 0xb_0000, fill: 0x61 };

const ATTACKS: readonly Attack[] = [
  { what: "strings that are all the same", element: "string", inner: SAME, to: "result", tooMany: 1_000_000, most: 22 },
  {
    what: "strings that one wide character makes twice as large",
    element: "string",
    inner: { ...SAME, bytes: "\\e4\\b8\\ad" },
    to: "result",
    tooMany: 1_000_000,
    most: 7,
  },
  {
    what: "strings in UTF-16",
    element: "string",
    inner: { length: 0x5_0000, fill: 0x61, bytes: "aaaa" },
    encoding: "utf16",
    to: "result",
    tooMany: 1_000_000,
    most: 22,
  },
  { what: "empty strings", element: "string", inner: { length: 0 }, to: "result", tooMany: 1_000_000, most: 290_000 },
  { what: "lists of bytes", element: "(list u8)", inner: SAME, to: "result", tooMany: 1_000_000, most: 22 },
  {
    what: "lists of no bytes",
    element: "(list u8)",
    inner: { length: 0 },
    to: "result",
    tooMany: 1_000_000,
    most: 50_500,
  },
  {
    what: "lists of one number",
    element: "(list u64)",
    inner: { length: 1 },
    to: "result",
    tooMany: 1_000_000,
    most: 49_000,
  },
  {
    what: "lists of booleans",
    element: "(list bool)",
    inner: { length: 1_000 },
    to: "result",
    tooMany: 1_000_000,
    most: 820,
  },
  {
    what: "lists of lists of booleans",
    element: "(list (list bool))",
    inner: { length: 1_000 },
    innermost: { length: 1 },
    to: "result",
    tooMany: 1_000_000,
    most: 100,
  },
  { what: "booleans", element: "bool", to: "result", tooMany: 11_000_000, most: 830_000 },
  { what: "cases without values", element: "$enum", to: "result", tooMany: 11_000_000, most: 550_000 },
  { what: "cases of long names", element: "$long-enum", to: "result", tooMany: 11_000_000, most: 3_700 },
  { what: "tuples", element: "(tuple u8 u8)", to: "result", tooMany: 5_000_000, most: 90_000 },
  { what: "records", element: "$record", to: "result", tooMany: 2_500_000, most: 112_000 },
  { what: "records with a long name in them", element: "$named", to: "result", tooMany: 11_000_000, most: 7_200 },
  { what: "variants", element: "$variant", to: "result", tooMany: 900_000, most: 105_000 },
  { what: "flags", element: "$flags", to: "result", tooMany: 2_500_000, most: 28_000 },
  {
    what: "options of options",
    element: "(option (option (option (option u8))))",
    to: "result",
    tooMany: 2_000_000,
    most: 73_000,
  },
  { what: "results", element: "(result)", to: "result", tooMany: 11_000_000, most: 145_000 },
  {
    what: "an error of lists of booleans",
    element: "(list bool)",
    inner: { length: 1_000 },
    to: "error",
    tooMany: 1_000_000,
    most: 820,
  },
  {
    what: "strings for a host function",
    element: "string",
    inner: SAME,
    to: "host",
    taken: "list<string>",
    tooMany: 1_000_000,
    most: 22,
  },
  {
    what: "lists of bytes for a host function",
    element: "(list u8)",
    inner: SAME,
    to: "host",
    taken: "list<list<u8>>",
    tooMany: 1_000_000,
    most: 22,
  },
  {
    what: "booleans for a host function",
    element: "bool",
    to: "host",
    taken: "list<bool>",
    tooMany: 11_000_000,
    most: 330_000,
  },
  {
    what: "tuples for a host function",
    element: "(tuple u8 u8)",
    to: "host",
    taken: "list<tuple<u8, u8>>",
    tooMany: 5_000_000,
    most: 36_000,
  },
  {
    what: "lists of booleans for a host function",
    element: "(list bool)",
    inner: { length: 1_000 },
    to: "host",
    taken: "list<list<bool>>",
    tooMany: 1_000_000,
    most: 330,
  },
];

function assertSmall({ peak, after }: Attacked, what: string): void {
  const grown = `${what}: ${Math.round(peak / MIB)} MiB more at most, ${Math.round(after / MIB)} at the end`;
  assert.ok(Math.max(peak, after) < MOST_GROWTH, grown);
}

for (const { what, tooMany, most, taken, ...layout } of ATTACKS) {
  test(`${what}: no more than 64 MiB for them`, async () => {
    const attack = { source: await amplifying(layout), harmless: 2, ...(taken === undefined ? {} : { taken }) };
    // In one process: the first is refused before anything is made, so it leaves the second nothing to use again.
    const [over, within] = await attackedInTurn({ ...attack, parameters: [[tooMany], [most]] });
    assert.ok(over !== undefined && within !== undefined);
    const well = layout.to === "error" ? "guest-error" : "value";
    assert.deepEqual([over.code, over.limit, over.again], ["limit", "host-memory", well], over.message);
    assertSmall(over, `${tooMany} of them`);
    assert.deepEqual([within.code, within.again], [well, well], within.message);
    assertSmall(within, `${most} of them`);
  });
}
