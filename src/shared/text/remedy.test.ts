import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { CLI_WORDS } from "../../cli/flags/words.ts";
import { DEFAULT_LIMITS, type Limits } from "../limits/limits.ts";
import { GRANT_SETTINGS, isSetting, reasonWith, type Setting, shownLimit, speakIn, SDK_WORDS } from "./remedy.ts";

afterEach(() => speakIn(SDK_WORDS));

const SETTINGS: readonly Setting[] = [
  ...GRANT_SETTINGS,
  ...(Object.keys(DEFAULT_LIMITS) as (keyof Limits)[]).map((name) => `limits.${name}` as const),
];

test("each surface names what would allow something in its own words, and none in the other's", () => {
  for (const setting of SETTINGS) {
    assert.ok(isSetting(setting));
    for (const value of [undefined, "x"]) {
      const sdk = reasonWith("no", [{ setting, value }]);
      assert.ok(sdk.startsWith("no; allow ") && sdk.includes(setting) && !sdk.includes("--"), sdk);
      speakIn(CLI_WORDS);
      const cli = reasonWith("no", [{ setting, value }]);
      speakIn(SDK_WORDS);
      assert.ok(/ --[a-z]/u.test(cli) && !cli.includes(setting), cli);
    }
  }
  for (const odd of ["", "limits.x", "grants", "__proto__", 5, undefined]) assert.ok(!isSetting(odd));
});

test("values stand where they are written", () => {
  const remedies = [
    { setting: "grants.network.hosts", value: "a.b:1" },
    { setting: "grants.environment.set", value: "A" },
    { setting: "grants.filesystem.preopens", value: "x:rw" },
    { setting: "grants.stdin", value: "true" },
    { setting: "grants.random", value: "full" },
  ] as const;
  assert.equal(
    reasonWith("no", remedies),
    'no; allow it with grants.network.hosts: ["a.b:1"] or grants.environment.set: { "A": "VALUE" } or grants.filesystem.preopens: ["x:rw"] or grants.stdin: true or grants.random: "full"',
  );
  speakIn(CLI_WORDS);
  assert.equal(
    reasonWith("no", remedies),
    "no; allow it with --allow-network=a.b:1 or --env A=VALUE or --dir x:rw or --stdin or --random full",
  );
  assert.equal(reasonWith("no"), "no");
});

test("a limit is told with its unit", () => {
  assert.equal(shownLimit("timeoutMs", 1_500), "limits.timeoutMs, which is 1500 ms");
  assert.equal(shownLimit("memoryBytes", 65_536), "limits.memoryBytes, which is 65536 bytes");
  assert.equal(shownLimit("fuel", 5), "limits.fuel, which is 5");
  speakIn(CLI_WORDS);
  assert.equal(shownLimit("timeoutMs", 1_500), "--timeout, which is 1500ms (a bare number is in seconds)");
  assert.equal(shownLimit("memoryBytes", 65_536), "--max-memory, which is 64KiB (a bare number is in bytes)");
  assert.equal(shownLimit("fuel", 5_000), "--fuel, which is 5K");
});
