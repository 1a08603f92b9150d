import assert from "node:assert/strict";
import { test } from "node:test";
import { failsWith } from "../../../test/support/errors.ts";
import { parseDuration, parseSize } from "./quantities.ts";

const ANY = [1, Number.MAX_SAFE_INTEGER] as const;

test("durations are in seconds unless they say otherwise", () => {
  const cases = { "5": 5000, "500ms": 500, "1.5s": 1500, "2m": 120_000, "1 h": 3_600_000, " 3S ": 3000 };
  for (const [text, expected] of Object.entries(cases)) assert.equal(parseDuration(text, "--timeout", ANY), expected);
});

test("sizes are in bytes unless they say otherwise, and tell 1,000 from 1,024", () => {
  const cases = { "65536": 65_536, "64KiB": 65_536, "64k": 65_536, "1KB": 1000, "1.5MiB": 1_572_864, "2G": 2 ** 31 };
  for (const [text, expected] of Object.entries(cases)) assert.equal(parseSize(text, "--max-memory", ANY), expected);
});

for (const text of [
  "",
  "0",
  "0.4ms",
  "-1s",
  "1e3",
  "s",
  "1 2",
  "5 parsecs",
  "0x10",
  "9".repeat(13),
  "NaN",
  "1constructor",
]) {
  test(`${JSON.stringify(text)} is no duration`, async () => {
    await failsWith("usage", /^Cannot read --timeout=.*: it takes a duration/, () =>
      parseDuration(text, "--timeout", ANY),
    );
  });
}

test("what is out of bounds is refused with the bounds", async () => {
  const bounds = [65_536, 1_048_576] as const;
  assert.equal(parseSize("1MiB", "--max-memory", bounds), 1_048_576);
  for (const text of ["65535", "1048577"]) {
    await failsWith("usage", /from 65536 to 1048576 bytes$/, () => parseSize(text, "--max-memory", bounds));
  }
});
