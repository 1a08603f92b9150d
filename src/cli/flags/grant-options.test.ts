import assert from "node:assert/strict";
import { test } from "node:test";
import { expandBareGrants, grantValueHint } from "./grant-options.ts";
import { grantsFromFlags } from "./grants-from-flags.ts";

test("bare grants are spelled out, others and what follows -- are left alone", () => {
  assert.deepEqual(
    expandBareGrants([
      "run",
      "--allow-fs-read",
      "x.wasm",
      "--allow-fs-write=b",
      "--allow-network",
      "--",
      "--allow-fs-read",
    ]),
    ["run", "--allow-fs-read=.", "x.wasm", "--allow-fs-write=b", "--allow-public-network", "--", "--allow-fs-read"],
  );
  assert.deepEqual(expandBareGrants(["constructor", "__proto__"]), ["constructor", "__proto__"]);
});

test("flags become grants, and no flags grant nothing", () => {
  assert.deepEqual(grantsFromFlags({}), { filesystem: { read: [], write: [] }, network: { public: false, hosts: [] } });
  const flags = { allowFsRead: [".", "/a"], allowFsWrite: ["b"], allowNetwork: ["c:1"], allowPublicNetwork: true };
  assert.deepEqual(grantsFromFlags(flags), {
    filesystem: { read: [".", "/a"], write: ["b"] },
    network: { public: true, hosts: ["c:1"] },
  });
});

test("a value after a space is pointed out, a component, a flag or a guest's argument is not", () => {
  assert.match(grantValueHint(["run", "--allow-network", "a.b", "x.wasm"]) ?? "", /: --allow-network=a\.b\)$/);
  for (const words of [
    ["run", "--allow-fs-read", "x.wasm"],
    ["run", "x.wasm", "--allow-fs-read"],
    ["run", "--allow-fs-read", "--json", "x.wasm"],
    ["run", "x.wasm", "--", "--allow-fs-read", "x"],
  ]) {
    assert.equal(grantValueHint(words), undefined);
  }
});
