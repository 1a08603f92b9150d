import assert from "node:assert/strict";
import { before, test } from "node:test";
import { run, Sandbox } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { bundled, starlingGuest, TEST_CACHE } from "../support/guests.ts";

// Components of componentize-qjs are what most tests run; these are of componentize-js, which embeds SpiderMonkey.
const WORLD = `package cordon:starling;
interface api {
  record person { name: string, age: option<u32> }
  greet: func(name: string) -> string;
  double: func(value: u64) -> u64;
  oldest: func(people: list<person>) -> option<person>;
  check: func(number: s32) -> result<s32, string>;
}
world guest { export api; }`;

const SOURCE = `export const api = {
  greet: (name) => "Hello, " + name,
  double: (value) => value * 2n,
  oldest: (people) => people.toSorted((a, b) => (b.age ?? 0) - (a.age ?? 0))[0],
  check: (number) => { if (number < 0) throw number + " is negative"; return number; },
};`;

let guest: string;
before(async () => {
  guest = await starlingGuest("starling", SOURCE, WORLD);
});

test("a component of 12 MB is loaded and called", async () => {
  await using sandbox = await Sandbox.open(guest, { cache: TEST_CACHE });
  assert.ok(sandbox.component.bytes > 8_000_000);
  assert.equal((await sandbox.call("greet", ["World"])).value, "Hello, World");
  assert.equal((await sandbox.call("double", [2n ** 63n - 1n])).value, 2n ** 64n - 2n);
  const people = [{ name: "Ada" }, { name: "Grace", age: 85 }, { name: "Alan", age: 41 }];
  assert.deepEqual((await sandbox.call("oldest", [people])).value, { name: "Grace", age: 85 });
  assert.equal((await sandbox.call("oldest", [[]])).value, undefined);
  await failsWith("guest-error", /-3 is negative/, sandbox.call("check", [-3]));
});

test("the scanner finds what it must in a component without imports", async () => {
  const report = JSON.parse(
    String(
      await run(bundled("skill-scanner"), "scan-code", ["import os\nos.environ['API_KEY']"], { cache: TEST_CACHE }),
    ),
  ) as { readonly total_findings: number };
  assert.ok(report.total_findings >= 1);
});
