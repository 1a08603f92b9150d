import assert from "node:assert/strict";
import { test } from "node:test";
import type { Plan } from "../../shared/plan/plan.ts";
import { type CalledEngine, GuestImports } from "./guest-imports.ts";
import { PreparedPlan } from "./prepared-plan.ts";

const EMPTY: Plan = {
  steps: [],
  coreFunctions: [],
  functions: [],
  types: [],
  functionTypes: [],
  resources: [],
  componentInstances: [{ parent: undefined }],
  exports: [],
} as unknown as Plan;

function engineOf(answer: number): CalledEngine {
  return { callCanon: () => answer, done: () => undefined, allowedStackBytes: undefined };
}

test("imports that were given back call nothing, until another engine has them", () => {
  const prepared = new PreparedPlan(EMPTY, () => false);
  const [first, second] = [engineOf(1), engineOf(2)];
  const imports = GuestImports.of(first, prepared);
  const imported = imports.canon(0);
  assert.equal(imported(), 1);
  imports.giveBack(first, prepared);
  assert.throws(() => imported(), /the invocation has ended/u);
  assert.equal(GuestImports.of(second, prepared), imports);
  assert.equal(imported(), 2);
});

test("who gave them back takes them from nobody", () => {
  const prepared = new PreparedPlan(EMPTY, () => false);
  const [first, second, third] = [engineOf(1), engineOf(2), engineOf(3)];
  const imports = GuestImports.of(first, prepared);
  imports.giveBack(first, prepared);
  assert.equal(GuestImports.of(second, prepared), imports);
  imports.giveBack(first, prepared);
  assert.notEqual(GuestImports.of(third, prepared), imports);
  assert.equal(imports.canon(0)(), 2);
});

test("those of one program are not for another", () => {
  const [one, other] = [new PreparedPlan(EMPTY, () => false), new PreparedPlan(EMPTY, () => false)];
  const engine = engineOf(1);
  const imports = GuestImports.of(engine, one);
  imports.giveBack(engine, one);
  assert.notEqual(GuestImports.of(engine, other), imports);
});
