import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse } from "../../../test/support/wasm-tools.ts";
import type { Plan } from "../../shared/plan/plan.ts";
import { decodeComponent } from "../decode-component.ts";
import { linkDirectly } from "./link-directly.ts";

/** The parts of a component that is made as the usual tools do it. Each can be replaced by one that is no longer harmless. */
const PARTS = {
  types: "(type $t (func (param i32 i32)))",
  table: '(table (export "all") 2 2 funcref)',
  first: "local.get 0 local.get 1 i32.const 0 call_indirect (type $t)",
  second: "local.get 0 i32.const 1 call_indirect (param i32)",
  more: "",
  mainImports: '(import "host" "g" (func (param i32)))',
  mainRest: "",
  fill: "(elem (i32.const 0) func $f $g)",
  fillTypes: "(param i32 i32)",
  fillRest: "",
  f: "(func $lowered)",
  g: "(func $g)",
  fillArguments: "",
  between: "",
  rest: "",
};

const DESTRUCTOR = '(type $r (resource (rep i32) (dtor (core func $t "g"))))';

async function linked(changed: Partial<typeof PARTS>): Promise<{ readonly plan: Plan; readonly before: Plan }> {
  const parts = { ...PARTS, ...changed };
  const bytes = await parse(`(component
    (import "f" (func $f (param "x" string)))
    (import "g" (func $g (param "x" u32)))
    (core module $trampolines
      ${parts.types} ${parts.table} ${parts.more}
      (func (export "f") (param i32 i32) ${parts.first})
      (func (export "g") (param i32) ${parts.second}))
    (core module $main
      (import "host" "f" (func $f (param i32 i32))) ${parts.mainImports}
      (memory (export "memory") 1) ${parts.mainRest}
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 0)
      (func (export "pair") (param i32 i32)) (func (export "one") (param i32)))
    (core module $filling
      (import "" "all" (table 1 funcref))
      (import "" "f" (func $f ${parts.fillTypes})) (import "" "g" (func $g (param i32)))
      ${parts.fill} ${parts.fillRest})
    (core instance $t (instantiate $trampolines))
    (core instance $m (instantiate $main (with "host" (instance $t))))
    ${parts.between}
    (core func $lowered (canon lower (func $f) (memory (core memory $m "memory"))))
    (core func $g (canon lower (func $g)))
    (core instance (instantiate $filling (with "" (instance
      (export "all" (table $t "all")) (export "f" ${parts.f}) (export "g" ${parts.g}) ${parts.fillArguments}))))
    ${parts.rest})`);
  const { plan, coreModules } = decodeComponent(bytes);
  assert.ok(plan !== undefined);
  const modules = coreModules.map(({ offset, size }) => bytes.subarray(offset, offset + size));
  return { before: plan, plan: linkDirectly(plan, modules) };
}

test("modules that only hand imports on are left out, and what they lead to is imported from a link on", async () => {
  const { plan, before } = await linked({});
  assert.deepEqual(
    plan.steps.map(({ step }) => step),
    ["instantiate", "link"],
  );
  const [main] = plan.steps;
  assert.ok(main?.step === "instantiate");
  assert.deepEqual(
    main.arguments.map(({ name, item }) => [name, item]),
    [
      ["f", { from: "canon", index: 2 }],
      ["g", { from: "canon", index: 3 }],
    ],
  );
  const [f, g] = before.coreFunctions;
  assert.ok(f?.kind === "lower" && g !== undefined);
  // The memory is an export of the module that is the first now.
  const options = { ...f.options, memory: { from: "export", instance: 0, name: "memory" } };
  assert.deepEqual(plan.coreFunctions.slice(2), [
    { ...f, options, linkedBy: 0 },
    { ...g, linkedBy: 0 },
  ]);
});

test("a destructor is found where it is, from the link on", async () => {
  const { plan } = await linked({ mainImports: "", g: '(func $m "one")', between: DESTRUCTOR });
  assert.equal(plan.steps.length, 2);
  assert.deepEqual(plan.resources, [
    {
      from: "definition",
      instance: 0,
      destructor: { from: "export", instance: 0, name: "one", linkedBy: 0 },
      rep64: false,
    },
  ]);
});

describe("they stay where anything could tell the difference:", () => {
  const different: Readonly<Record<string, Partial<typeof PARTS>>> = {
    "a trampoline that does more": { first: "nop local.get 0 local.get 1 i32.const 0 call_indirect (type $t)" },
    "arguments in another order": { first: "local.get 1 local.get 0 i32.const 0 call_indirect (type $t)" },
    "a call of another type": {
      types: "(type $t (func (param i32 i32))) (type $u (func (param i32)))",
      first: "local.get 0 i32.const 0 call_indirect (type $u)",
    },
    "a place beyond the table": { first: "local.get 0 local.get 1 i32.const 2 call_indirect (type $t)" },
    "a place below it": { first: "local.get 0 local.get 1 i32.const -1 call_indirect (type $t)" },
    "a table that is full already": { more: "(func $x) (elem (i32.const 1) func $x)" },
    "another table": { more: "(table 1 funcref)" },
    "a memory": { more: "(memory 1)" },
    "a global": { more: '(global (export "n") (mut i32) (i32.const 0))' },
    "a start function": { more: "(func $x) (start $x)" },
    "a function that is no trampoline": { more: '(func (export "x"))' },
    "the table is imported twice": { mainImports: '(import "host" "all" (table 1 funcref))' },
    "a place that is not filled": { fill: "(elem (i32.const 0) func $f)" },
    "another function in its place": { fill: "(elem (i32.const 0) func $g $f)" },
    "a table that is filled beyond its end": { fill: "(elem (i32.const 1) func $f $g)" },
    "a table that is filled twice": { fill: "(elem (i32.const 0) func $f $g) (elem (i32.const 0) func $f $g)" },
    "a passive segment": { fill: "(elem func $f $g)" },
    "a filling module that does more": { fillRest: "(func $x) (start $x)" },
    "a filling module that calls another's function at its start": {
      fill: '(import "" "x" (func $x)) (elem (i32.const 0) func $f $g) (start $x)',
      fillArguments: '(export "x" (func $m "start"))',
      mainRest: '(func (export "start"))',
    },
    "a function of the filling module": { fill: "(func $x (param i32)) (elem (i32.const 0) func $f $x)" },
    "a function of a module that imports it": { f: '(func $m "pair")' },
    "a trampoline for a trampoline": { g: '(func $t "g")' },
    "a destructor that is no code": { mainImports: "", between: DESTRUCTOR },
    "a trampoline that is an option": {
      mainImports: "",
      g: '(func $m "one")',
      rest: `(func (param "x" string) (result string) (canon lift (core func $m "text") (memory (core memory $m "memory"))
        (realloc (core func $m "realloc")) (post-return (core func $t "g"))))`,
      mainRest: '(func (export "text") (param i32 i32) (result i32) i32.const 0)',
    },
  };
  for (const [what, parts] of Object.entries(different)) {
    test(what, async () => {
      const { plan, before } = await linked(parts);
      assert.deepEqual(plan, before);
    });
  }
});
