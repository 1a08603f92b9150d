import assert from "node:assert/strict";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { CordonError, type ErrorCode } from "../../shared/errors.ts";
import { LIMIT_PROFILES, PROFILE_NAMES } from "../../shared/limits/limit-profiles.ts";
import { DEFAULT_LIMITS, type Limits } from "../../shared/limits/limits.ts";
import { limitsFrom, profileNamed } from "./limit-options.ts";
import { LIMIT_BOUNDS } from "../../shared/limits/limit-bounds.ts";

const NAMES = Object.keys(LIMIT_BOUNDS) as (keyof Limits)[];

function refused(given: object, code: ErrorCode, message: RegExp): void {
  assert.throws(
    () => limitsFrom(given),
    (thrown) => thrown instanceof CordonError && thrown.code === code && message.test(thrown.message),
  );
}

test("every limit takes its bounds, and nothing beside or between them", () => {
  for (const name of NAMES) {
    const [minimum, maximum] = LIMIT_BOUNDS[name];
    for (const value of [minimum, maximum]) assert.equal(limitsFrom({ [name]: value })[name], value);
    for (const value of [minimum - 1, minimum + 0.5, -1, Number.NaN, Number.POSITIVE_INFINITY, "5", null, 5n]) {
      refused({ [name]: value }, "usage", new RegExp(`Cannot set the limit ${name} to `, "u"));
    }
    if (name !== "maxThreads") refused({ [name]: maximum + 1 }, "usage", /it takes a whole number from/u);
  }
});

test("more threads than one are refused as what is not provided", () => {
  assert.equal(limitsFrom({ maxThreads: 1 }).maxThreads, 1);
  refused({ maxThreads: 2 }, "unsupported", /guests have one thread/u);
  refused({ maxThreads: 0 }, "usage", /it takes only 1/u);
});

test("unknown limits and profiles are refused, with the one that was meant", () => {
  refused({ timeoutMS: 5 }, "usage", /did you mean timeoutMs\?/u);
  refused({ ["__proto__x"]: 5 }, "usage", /the limits are fuel, /u);
  refused({ constructor: 5 }, "usage", /there is none of that name/u);
  refused({ profile: "denze" }, "usage", /did you mean dense\?/u);
  for (const profile of ["toString", "__proto__", "", 5, null])
    refused({ profile }, "usage", /the profiles are dense, /u);
});

test("what is given wins over the profile, and the profile over what was there", () => {
  const base = limitsFrom({ timeoutMs: 5, maxOpenFiles: 3 });
  assert.deepEqual(limitsFrom({ maxOpenFiles: undefined } as never, base), base);
  assert.deepEqual(limitsFrom({ profile: "dense", timeoutMs: 100 }, base), { ...LIMIT_PROFILES.dense, timeoutMs: 100 });
  assert.ok(Object.isFrozen(limitsFrom({ fuel: 1 })));
});

test("the default profile is minimal, and each is wider than the one before", () => {
  assert.equal(profileNamed("minimal"), DEFAULT_LIMITS);
  assert.deepEqual(limitsFrom(), DEFAULT_LIMITS);
  let tighter: Limits | undefined;
  for (const profile of PROFILE_NAMES) {
    const limits = LIMIT_PROFILES[profile];
    assert.ok(Object.isFrozen(limits));
    // Every one lies within what can be set.
    assert.deepEqual(limitsFrom({ ...limits }), limits);
    for (const name of NAMES) {
      if (tighter !== undefined) assert.ok(tighter[name] <= limits[name], `${profile}.${name}`);
    }
    assert.ok(tighter === undefined || !isDeepStrictEqual(tighter, limits));
    tighter = limits;
  }
});

test("a longer deadline runs into no default that nobody named", () => {
  const { cpuTimeMs, idleTimeoutMs } = limitsFrom({ timeoutMs: 90_000 });
  assert.deepEqual([cpuTimeMs, idleTimeoutMs], [90_000, 90_000]);
  assert.equal(limitsFrom({ timeoutMs: 5 }).cpuTimeMs, DEFAULT_LIMITS.cpuTimeMs);
  // What somebody set stays, in a call's limits too, and so does a profile's.
  const set = limitsFrom({ cpuTimeMs: 1_000 });
  assert.equal(limitsFrom({ timeoutMs: 90_000 }, set).cpuTimeMs, 1_000);
  assert.equal(limitsFrom({ timeoutMs: 90_000 }, set).idleTimeoutMs, 90_000);
  assert.equal(limitsFrom({ timeoutMs: 90_000 }, limitsFrom({ fuel: 5 })).cpuTimeMs, 90_000);
  assert.equal(limitsFrom({ timeoutMs: 90_000, cpuTimeMs: 30_000 }).cpuTimeMs, 30_000);
  const dense = limitsFrom({ profile: "dense", timeoutMs: 90_000 });
  assert.equal(dense.cpuTimeMs, LIMIT_PROFILES.dense.cpuTimeMs);
  assert.equal(limitsFrom({ timeoutMs: 100_000 }, dense).cpuTimeMs, LIMIT_PROFILES.dense.cpuTimeMs);
});

test("all that is wrong with limits is told at once", () => {
  refused(
    { timeoutMS: 1, fuel: 0, profile: "x" },
    "usage",
    /3 problems: \(1\) .*profile.*\(2\) .*timeoutMs\?.*\(3\) .*fuel/u,
  );
  for (const given of [5, null, [], "x"]) refused(given as never, "usage", /they are an object/u);
});
