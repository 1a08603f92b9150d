import assert from "node:assert/strict";
import { test } from "node:test";
import { findProvided, findServing, withoutVersion } from "./interface-name.ts";

const PROVIDED = [
  { name: "wasi:io/poll" },
  { name: "sandbox:skill/network" },
  { name: "acme:db/query", version: "1.4.0" },
  { name: "acme:db/early", version: "0.3.1" },
  { name: "acme:db/first", version: "0.0.7" },
];

test("a name is cut at its version", () => {
  assert.equal(withoutVersion("wasi:io/poll@0.2.3"), "wasi:io/poll");
  assert.equal(withoutVersion("sandbox:skill/network"), "sandbox:skill/network");
});

const CASES: readonly (readonly [wanted: string, found: boolean])[] = [
  ["wasi:io/poll@0.2.0", true],
  ["wasi:io/poll@0.2.12", true],
  ["wasi:io/poll@0.2.99", true],
  ["wasi:io/poll@0.2.0-rc-2023-11-10", false],
  ["wasi:io/poll@0.3.0", false],
  ["wasi:io/poll@0.2", true],
  ["wasi:io/poll@0", false],
  ["wasi:io/poll@0.2.", false],
  ["wasi:io/poll", false],
  ["wasi:io/pol@0.2.0", false],
  ["sandbox:skill/network", true],
  ["sandbox:skill/network@0.1.0", false],
  ["acme:db/query@1.0.0", true],
  ["acme:db/query@1.9.2", true],
  ["acme:db/query@1", true],
  ["acme:db/query@2.0.0", false],
  ["acme:db/query@2", false],
  ["acme:db/query@1.4.0-beta", false],
  ["acme:db/query", false],
  ["acme:db/early@0.3.9", true],
  ["acme:db/early@0.3", true],
  ["acme:db/early@0", false],
  ["acme:db/early@0.4.0", false],
  ["acme:db/first@0.0.7", true],
  ["acme:db/first@0.0.8", false],
];

for (const [wanted, found] of CASES) {
  test(`${wanted} is ${found ? "served" : "not served"}`, () => {
    assert.equal(findProvided(wanted, PROVIDED)?.name, found ? withoutVersion(wanted) : undefined);
  });
}

test("a name of the component's own is provided as such, or by the interface that it says it implements", () => {
  const implemented = { name: "primary", implements: "acme:db/query@1.4.2" };
  assert.equal(findServing(implemented, PROVIDED)?.name, "acme:db/query");
  assert.equal(findServing(implemented, [...PROVIDED, { name: "primary" }])?.name, "primary");
  assert.equal(findServing({ name: "primary" }, PROVIDED), undefined);
  assert.equal(findServing({ name: "primary", implements: "acme:db/query@2.0.0" }, PROVIDED), undefined);
});

test("of an interface whose name has the common part of its version alone, the rest is asked for first", () => {
  const both = [
    { name: "acme:db/query", version: "1.4.0" },
    { name: "acme:db/query", version: "1.6.0" },
  ];
  assert.equal(findServing({ name: "acme:db/query@1", implements: "acme:db/query@1.6.0" }, both)?.version, "1.6.0");
});
