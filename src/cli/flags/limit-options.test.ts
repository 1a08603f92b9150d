import assert from "node:assert/strict";
import { test } from "node:test";
import { Command } from "commander";
import { limitsFrom } from "../../sandbox/options/limit-options.ts";
import { CordonError, type ErrorCode } from "../../shared/errors.ts";
import { LIMIT_PROFILES, PROFILE_NAMES } from "../../shared/limits/limit-profiles.ts";
import { DEFAULT_LIMITS, type Limits } from "../../shared/limits/limits.ts";
import { addLimitOptions, LIMIT_FLAGS, LIMIT_NAMES, limitsFromFlags } from "./limit-options.ts";
import { limitText } from "./limit-text.ts";

/** The limits of a command line. */
function limitsOf(...words: readonly string[]): Limits {
  const command = addLimitOptions(new Command().exitOverride());
  return limitsFrom(limitsFromFlags(command.parse(words, { from: "user" }).opts()));
}

function refused(words: readonly string[], code: ErrorCode, message: RegExp): void {
  assert.throws(
    () => limitsOf(...words),
    (thrown) => thrown instanceof CordonError && thrown.code === code && message.test(thrown.message),
  );
}

test("every limit has a flag, and what a table shows of it is what the flag takes", () => {
  assert.deepEqual([...LIMIT_NAMES].sort(), Object.keys(DEFAULT_LIMITS).sort());
  for (const name of LIMIT_NAMES) {
    const { flag, kind } = LIMIT_FLAGS[name];
    for (const profile of PROFILE_NAMES) {
      const text = limitText(LIMIT_PROFILES[profile], name, kind);
      if (text !== "all") assert.equal(limitsOf(flag, text)[name], LIMIT_PROFILES[profile][name], `${flag} ${text}`);
    }
  }
});

test("flags win over the profile", () => {
  assert.deepEqual(limitsOf(), DEFAULT_LIMITS);
  assert.deepEqual(limitsOf("--profile", "large"), LIMIT_PROFILES.large);
  assert.deepEqual(limitsOf("--timeout", "1m", "--profile", "dense", "--fuel", "500M"), {
    ...LIMIT_PROFILES.dense,
    timeoutMs: 60_000,
    fuel: 500_000_000,
  });
});

test("a flag that cannot be read says what it takes", () => {
  refused(["--profile", "standart"], "usage", /did you mean standard\?/u);
  refused(["--fuel", "0"], "usage", /an amount such as 500M or 20G, from 1 to 9007199254740991/u);
  refused(["--cpu-share", "101%"], "usage", /a share such as 50%, from 1 to 100 percent/u);
  refused(["--cpu-share", "0.5"], "usage", /a share such as 50%/u);
  refused(["--max-threads", "2"], "unsupported", /guests have one thread/u);
  refused(["--memory-growth", "1KiB"], "usage", /from 65536 to/u);
});
