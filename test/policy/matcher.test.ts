import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { RuleIndex } from "../../src/policy/storage/rule-index.ts";
import type { StorageRule } from "../../src/policy/storage/storage-rules.ts";
import { parseStorageUri, type PatternSegment } from "../../src/policy/storage/storage-uri.ts";

/** Set for the 100,000 runs that a change of the matcher is tried with. */
const RUNS = Number(process.env["CORDON_POLICY_RUNS"] ?? 3_000);

/** A second implementation, as plain as can be: by trying every way to part the names. */
function naive(pattern: readonly PatternSegment[], names: readonly string[]): boolean {
  const [segment, ...rest] = pattern;
  const [name, ...others] = names;
  if (segment === undefined) return names.length === 0;
  if (segment.kind === "any") return naive(rest, names) || (name !== undefined && naive(pattern, others));
  if (name === undefined) return false;
  const covers =
    segment.kind === "literal"
      ? name === segment.text
      : name.length >= segment.prefix.length + segment.suffix.length &&
        name.startsWith(segment.prefix) &&
        name.endsWith(segment.suffix);
  return covers && naive(rest, others);
}

const text = fc.stringMatching(/^[ab.\n]{1,3}$/u).filter((one) => one !== "." && one !== "..");
const part = fc.stringMatching(/^[ab.]{0,2}$/u);
const segment: fc.Arbitrary<PatternSegment> = fc.oneof(
  text.map((one) => ({ kind: "literal", text: one }) as const),
  fc.tuple(part, part).map(([prefix, suffix]) => ({ kind: "star", prefix, suffix }) as const),
  fc.constant({ kind: "any" } as const),
);
const rule: fc.Arbitrary<StorageRule> = fc.record({
  pattern: fc.array(segment, { maxLength: 5 }),
  access: fc.integer({ min: 1, max: 15 }),
  maxFileBytes: fc.option(fc.nat(9), { nil: undefined }),
  reason: fc.constant(undefined),
  written: fc.string({ maxLength: 3 }),
});
const rules = fc.array(rule, { maxLength: 8 });
const names = fc.array(text, { maxLength: 6 });

function masked(all: readonly StorageRule[], path: readonly string[]): number {
  return all.reduce((mask, one) => (naive(one.pattern, path) ? mask | one.access : mask), 0);
}

test("decisions are those of a second implementation: deny beats allow beats deny by default, within every fence", () => {
  fc.assert(
    fc.property(rules, rules, fc.array(rules, { maxLength: 2 }), fc.array(names, { maxLength: 6 }), (...given) => {
      const [allow, deny, fences, paths] = given;
      const index = new RuleIndex({ allow, deny, fences });
      for (const path of paths) {
        const found = index.of(`/${path.join("/")}`);
        const fenced = fences.reduce((mask, fence) => mask & masked(fence, path), 15);
        const rights = masked(allow, path) & fenced & ~masked(deny, path);
        assert.equal(found.rights, rights, JSON.stringify({ path, allow, deny }));
        assert.equal(found.denied, masked(deny, path));
        for (const bit of [1, 2, 4, 8]) {
          const denial = index.denialOf(`/${path.join("/")}`, bit);
          assert.equal(denial !== undefined, (masked(deny, path) & bit) !== 0);
          if (denial !== undefined) assert.ok(naive(denial.pattern, path));
        }
      }
    }),
    { numRuns: RUNS },
  );
});

test("nothing below is allowed where nothing is said to be", () => {
  fc.assert(
    fc.property(rules, rules, names, fc.array(text, { minLength: 1, maxLength: 4 }), (allow, deny, path, further) => {
      const index = new RuleIndex({ allow, deny, fences: [] });
      const { below } = index.of(`/${path.join("/")}`);
      const { rights } = index.of(`/${[...path, ...further].join("/")}`);
      assert.equal(rights & ~below, 0, JSON.stringify({ path, further, allow, deny }));
    }),
    { numRuns: RUNS },
  );
});

test("a folder goes where the same rules hold, and nowhere else", () => {
  fc.assert(
    fc.property(
      rules,
      rules,
      names,
      names,
      fc.array(text, { minLength: 1, maxLength: 3 }),
      (allow, deny, a, b, more) => {
        const index = new RuleIndex({ allow, deny, fences: [] });
        if (!index.isSameBelow(`/${a.join("/")}`, `/${b.join("/")}`)) return;
        const rightsOf = (path: readonly string[]): number => index.of(`/${[...path, ...more].join("/")}`).rights;
        assert.equal(rightsOf(a), rightsOf(b), JSON.stringify({ a, b, more, allow, deny }));
      },
    ),
    { numRuns: RUNS },
  );
});

test("what is written is what is matched: a URI and back", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ minLength: 1, maxLength: 6, unit: "grapheme" }), { minLength: 1, maxLength: 4 }),
      (path) => {
        if (path.some((name) => name === "." || name === ".." || name.includes("/") || name.includes("\0"))) return;
        const parsed = parseStorageUri(
          `fs:///${path.map((name) => encodeURIComponent(name).replaceAll("*", "%2A")).join("/")}`,
        );
        assert.deepEqual(parsed, { ok: true, uri: { absolute: true, base: path, rest: [] } });
      },
    ),
    { numRuns: Math.min(RUNS, 1_000) },
  );
});

test("a pattern of many stars takes no longer than its length, whatever the name", () => {
  const pattern = parseStorageUri(`fs:///w${"/**/a*".repeat(7)}/**`);
  assert.ok(pattern.ok);
  const segments: readonly PatternSegment[] = [
    ...pattern.uri.base.map((one) => ({ kind: "literal", text: one }) as const),
    ...pattern.uri.rest,
  ];
  const one: StorageRule = { pattern: segments, access: 1, maxFileBytes: undefined, reason: undefined, written: "" };
  const index = new RuleIndex({ allow: [one], deny: [], fences: [] });
  const started = process.cpuUsage();
  for (let round = 0; round < 100; round += 1) index.of(`/w${`/a${round}`.repeat(1_000)}/b`);
  const { user, system } = process.cpuUsage(started);
  // Some 30 ms; by trying every way to part the names, longer than anyone waits.
  assert.ok(user + system < 5_000_000, `${user + system} us`);
  assert.match(JSON.stringify(parseStorageUri(`fs:///${"**/a/".repeat(9)}`)), /\*\* more than 8 times/u);
});
