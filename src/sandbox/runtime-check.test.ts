import assert from "node:assert/strict";
import { test } from "node:test";
import { runtimeProblem } from "./runtime-check.ts";

test("other runtimes and older ones are told what is needed", () => {
  assert.equal(runtimeProblem(process.versions), undefined);
  assert.equal(runtimeProblem({ node: "24.21.0" }), undefined);
  for (const [versions, what] of [
    [{ node: "24.0.0" }, "Node 24.0.0"],
    [{ node: "18.0.0" }, "Node 18.0.0"],
    [{ node: "26.0.0", bun: "1.3.0" }, "Bun 1.3.0"],
    [{ node: "26.0.0", deno: "2.6.0" }, "Deno 2.6.0"],
  ] as const) {
    assert.equal(runtimeProblem(versions), `Cannot use cordon in ${what}: it needs Node.js 24.21 or later`);
  }
  assert.match(runtimeProblem({}) ?? "", /needs Node\.js 24\.21/u);
});
