import assert from "node:assert/strict";
import { test } from "node:test";
import { type GrantsInput, parseGrants } from "../../policy/parsing/parse-grants.ts";
import { deterministicGrants, type DeterministicInput } from "./deterministic.ts";

function granted(grants: GrantsInput, wanted?: DeterministicInput): readonly unknown[] {
  const { clocks, random } = parseGrants(deterministicGrants(grants, wanted), { cwd: "/" });
  return [clocks.kind, random];
}

function refused(grants: GrantsInput, wanted: unknown, message: RegExp): void {
  assert.throws(() => granted(grants, wanted as DeterministicInput), { code: "policy", message });
}

test("virtual time and a seed together, and the other grants as they were", () => {
  assert.deepEqual(granted({}), ["none", { kind: "pseudo", seed: 0n }]);
  assert.deepEqual(granted({}, false), ["none", { kind: "pseudo", seed: 0n }]);
  assert.deepEqual(granted({}, true), ["virtual", { kind: "pseudo", seed: 0n }]);
  assert.deepEqual(granted({}, { seed: 7 }), ["virtual", { kind: "pseudo", seed: 7n }]);
  assert.deepEqual(granted({ random: { seed: 9 } }, true), ["virtual", { kind: "pseudo", seed: 9n }]);
  assert.deepEqual(granted({ random: "none" }, true), ["virtual", { kind: "none" }]);
  const own = { stdin: true, clocks: { resolutionNs: 5 } } as const;
  assert.deepEqual(deterministicGrants(own, true), {
    stdin: true,
    clocks: { resolutionNs: 5, kind: "virtual" },
    random: "pseudo",
  });
  const virtual = { kind: "virtual", stepNs: 3, startMs: 1 } as const;
  assert.deepEqual(deterministicGrants({ clocks: virtual }, { seed: 1n }).clocks, virtual);
});

test("grants that say otherwise are refused", () => {
  refused({ clocks: "read" }, true, /the host's time/);
  refused({ clocks: { kind: "read", resolutionNs: 1 } }, true, /the host's time/);
  refused({ clocks: { jitterNs: 1 } }, true, /unknown key "jitterNs"/);
  refused({ random: "full" }, true, /the host's random bytes/);
  refused({ random: { seed: 1 } }, { seed: 2 }, /elsewhere than the seed/);
  refused({}, { seed: -1 }, /random\.seed/);
  refused({}, { sed: 1 }, /random\.seed/);
  refused({}, 5, /random\.seed/);
});
