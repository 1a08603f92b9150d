import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse } from "../../../test/support/wasm-tools.ts";
import type { CoreItem, Plan, PlanStep } from "../../shared/plan/plan.ts";
import { decodeComponent } from "../decode-component.ts";

async function planOf(text: string): Promise<Plan> {
  const { plan, unsupported } = decodeComponent(await parse(text));
  assert.ok(plan !== undefined, unsupported ?? "there is no plan");
  return plan;
}

/** A step that instantiates module `index` of the bytes in component instance `instance`. */
function instantiation(
  index: number,
  instance: number,
  ...given: readonly (readonly [module: string, name: string, item: CoreItem])[]
): PlanStep {
  return {
    step: "instantiate",
    module: { from: "bytes", index },
    instance,
    arguments: given.map(([module, name, item]) => ({ module, name, item })),
  };
}

function exported(instance: number, name: string): CoreItem {
  return { from: "export", instance, name };
}

function made(index: number): CoreItem {
  return { from: "canon", index };
}

describe("core instances in a plan", () => {
  test("are given what they import, in its order, and nothing else", async () => {
    const { steps } = await planOf(`(component
      (core module $a (func (export "f")) (func (export "unused")) (memory (export "m") 1) (global (export "g") i32 i32.const 0))
      (core module $b (import "y" "m" (memory 1)) (import "x" "f" (func)) (import "y" "g" (global i32)))
      (core instance $i (instantiate $a))
      (core instance (instantiate $b (with "unused" (instance $i)) (with "x" (instance $i)) (with "y" (instance $i))))
    )`);
    assert.deepEqual(steps, [
      instantiation(0, 0),
      instantiation(1, 0, ["y", "m", exported(0, "m")], ["x", "f", exported(0, "f")], ["y", "g", exported(0, "g")]),
    ]);
  });

  test("are resolved through aliases and bags to the instance that has the definition", async () => {
    const { steps } = await planOf(`(component
      (core module $a
        (func (export "f")) (memory (export "m") 1) (table (export "t") 1 funcref)
        (global (export "g") i32 i32.const 0) (tag (export "e")))
      (core module $b
        (import "bag" "f2" (func)) (import "bag" "m2" (memory 1)) (import "bag" "t2" (table 1 funcref))
        (import "bag" "g2" (global i32)) (import "bag" "e2" (tag)))
      (core instance $i (instantiate $a))
      (alias core export $i "f" (core func $f))
      (alias core export $i "m" (core memory $m))
      (core instance $inner (export "f1" (func $f)) (export "m1" (memory $m)) (export "t1" (table $i "t"))
        (export "g1" (global $i "g")) (export "e1" (tag $i "e")))
      (core instance $outer (export "f2" (func $inner "f1")) (export "m2" (memory $inner "m1"))
        (export "t2" (table $inner "t1")) (export "g2" (global $inner "g1")) (export "e2" (tag $inner "e1")))
      (core instance (instantiate $b (with "bag" (instance $outer))))
    )`);
    assert.deepEqual(steps[1], {
      ...instantiation(1, 0),
      arguments: ["f", "m", "t", "g", "e"].map((name) => ({
        module: "bag",
        name: `${name}2`,
        item: exported(0, name),
      })),
    });
  });

  test("are of modules of the bytes, of outer components, passed as arguments, or imported", async () => {
    const { steps, imports } = await planOf(`(component
      (import "m" (core module $imported (import "x" "f" (func)) (export "g" (func))))
      (import "i" (instance $i (export "inner" (core module (export "h" (func))))))
      (core module $own (func (export "f")))
      (component $c
        (import "given" (core module $given (export "f" (func))))
        (alias outer 1 $own (core module $outer))
        (core instance $one (instantiate $given))
        (core instance (instantiate $outer)))
      (instance (instantiate $c (with "given" (core module $own))))
      (core instance $x (instantiate $own))
      (core instance (instantiate $imported (with "x" (instance $x))))
      (alias export $i "inner" (core module $inner))
      (core instance (instantiate $inner))
    )`);
    assert.deepEqual(steps, [
      instantiation(0, 1),
      instantiation(0, 1),
      instantiation(0, 0),
      {
        step: "instantiate",
        module: { from: "import", path: ["m"] },
        instance: 0,
        arguments: [{ module: "x", name: "f", item: exported(2, "f") }],
      },
      { step: "instantiate", module: { from: "import", path: ["i", "inner"] }, instance: 0, arguments: [] },
    ]);
    assert.deepEqual(imports, [
      { path: ["m"], kind: "module" },
      { path: ["i"], kind: "instance" },
      { path: ["i", "inner"], kind: "module" },
    ]);
  });
});

describe("nested components in a plan", () => {
  const NESTED = `
    (component $inner
      (import "f" (func $f))
      (core func $lowered (canon lower (func $f)))
      (core module $m (import "" "f" (func $f)) (func (export "g") (call $f)))
      (core instance $i (instantiate $m (with "" (instance (export "f" (func $lowered))))))
      (func (export "g") (canon lift (core func $i "g"))))`;

  test("are written out for each instantiation, with what they are given", async () => {
    const plan = await planOf(`(component
      (import "root" (func $root))
      ${NESTED}
      (instance $one (instantiate $inner (with "f" (func $root))))
      (instance $two (instantiate $inner (with "f" (func $one "g"))))
      (export "out" (func $two "g"))
    )`);
    assert.deepEqual(plan.componentInstances, [{}, { parent: 0 }, { parent: 0 }]);
    assert.deepEqual(plan.steps, [instantiation(0, 1, ["", "f", made(0)]), instantiation(0, 2, ["", "f", made(1)])]);
    const options = { encoding: "utf8", memory64: false, async: false } as const;
    assert.deepEqual(plan.functions, [
      { from: "import", path: ["root"], type: 0 },
      { from: "lift", instance: 1, core: exported(0, "g"), type: 0, options },
      { from: "lift", instance: 2, core: exported(1, "g"), type: 0, options },
    ]);
    assert.deepEqual(plan.coreFunctions, [
      { kind: "lower", instance: 1, function: 0, options },
      { kind: "lower", instance: 2, function: 1, options },
    ]);
    assert.deepEqual(plan.exports, [{ name: "out", kind: "function", function: 2 }]);
  });

  test("have the instance that they are nested in for a parent, though nothing is done in that one", async () => {
    const { componentInstances, steps } = await planOf(`(component
      (component $a (component $b (core module $m) (core instance (instantiate $m))) (instance (instantiate $b)))
      (component $empty)
      (instance (instantiate $empty))
      (instance (instantiate $a))
    )`);
    assert.deepEqual(componentInstances, [{}, { parent: 0 }, { parent: 1 }]);
    assert.deepEqual(steps, [instantiation(0, 2)]);
  });

  test("can be passed and instantiated elsewhere", async () => {
    const plan = await planOf(`(component
      (import "root" (func $root))
      ${NESTED}
      (component $user
        (import "c" (component $c (import "f" (func)) (export "g" (func))))
        (import "f" (func $f))
        (instance $i (instantiate $c (with "f" (func $f))))
        (export "g" (func $i "g")))
      (instance $i (instantiate $user (with "c" (component $inner)) (with "f" (func $root))))
      (export "out" (func $i "g"))
      (export "api" (instance $i))
    )`);
    assert.deepEqual(plan.componentInstances, [{}, { parent: 0 }, { parent: 1 }]);
    assert.deepEqual(plan.steps, [instantiation(0, 2, ["", "f", made(0)])]);
    assert.deepEqual(plan.exports, [
      { name: "out", kind: "function", function: 1 },
      { name: "api", kind: "instance", exports: [{ name: "g", kind: "function", function: 1 }] },
    ]);
  });

  test("that are imported cannot be instantiated", async () => {
    const {
      plan,
      unsupported,
      interface: found,
    } = decodeComponent(
      await parse(`(component
        (import "c" (component $c (export "f" (func))))
        (instance $i (instantiate $c))
        (export "f" (func $i "f"))
      )`),
    );
    assert.equal(plan, undefined);
    assert.match(unsupported ?? "", /component that it imports/);
    assert.deepEqual(
      found.exports.functions.map(({ name }) => name),
      ["f"],
    );
  });

  test("start in the place where they say so", async () => {
    const plan = await planOf(`(component
      (import "f" (func $f))
      (core module $m)
      (core instance (instantiate $m))
      (component $c (import "f" (func $f)) (start $f))
      (instance (instantiate $c (with "f" (func $f))))
      (core instance (instantiate $m))
    )`);
    assert.deepEqual(plan.steps, [instantiation(0, 0), { step: "start", function: 0 }, instantiation(0, 0)]);
  });
});

describe("types and resources in a plan", () => {
  test("have equal indices when they are equal", async () => {
    const { types, functionTypes, functions } = await planOf(`(component
      (import "a" (instance
        (type $r (record (field "x" u8))) (export "r" (type $r' (eq $r)))
        (export "f" (func (param "p" $r') (result (list $r'))))))
      (import "b" (instance
        (type $r (record (field "x" u8))) (export "other" (type $r' (eq $r)))
        (export "f" (func (param "p" $r') (result (list $r'))))
        (export "g" (func (param "q" $r') (result (list $r'))))
        (export "h" (func async (param "p" $r') (result (list $r'))))))
    )`);
    assert.deepEqual(types, [
      { kind: "u8" },
      { kind: "record", fields: [{ name: "x", type: 0 }] },
      { kind: "list", element: 1 },
    ]);
    assert.deepEqual(functionTypes, [
      { parameters: [{ name: "p", type: 1 }], result: 2, async: false },
      { parameters: [{ name: "q", type: 1 }], result: 2, async: false },
      { parameters: [{ name: "p", type: 1 }], result: 2, async: true },
    ]);
    assert.deepEqual(
      functions.map((each) => [each.from === "import" ? each.path.join("#") : "", each.type]),
      [
        ["a#f", 0],
        ["b#f", 0],
        ["b#g", 1],
        ["b#h", 2],
      ],
    );
  });

  test("keep every kind of value type", async () => {
    const { types } = await planOf(`(component
      (type $v (variant (case "a" u8) (case "b"))) (import "v" (type $v' (eq $v)))
      (type $f (flags "x" "y")) (import "fl" (type $f' (eq $f)))
      (type $e (enum "p" "q")) (import "e" (type $e' (eq $e)))
      (import "r" (type $r (sub resource)))
      (import "f" (func
        (param "a" $v') (param "b" $f') (param "c" $e') (param "d" (tuple bool char)) (param "e" (option string))
        (param "f" (result)) (param "g" (result u8 (error s64))) (param "h" (list f32 3)) (param "i" (own $r))
        (param "j" (borrow $r)) (param "k" (stream u8)) (param "l" (future)) (param "m" (map string u8))
        (param "n" error-context)))
    )`);
    assert.deepEqual(
      types.filter((type) => !["u8", "bool", "char", "string", "s64", "f32"].includes(type.kind)),
      [
        { kind: "variant", cases: [{ name: "a", type: 0 }, { name: "b" }] },
        { kind: "flags", names: ["x", "y"] },
        { kind: "enum", names: ["p", "q"] },
        { kind: "tuple", elements: [4, 5] },
        { kind: "option", element: 7 },
        { kind: "result" },
        { kind: "result", ok: 0, err: 10 },
        { kind: "list", element: 12, length: 3 },
        { kind: "own", resource: 0 },
        { kind: "borrow", resource: 0 },
        { kind: "stream", element: 0 },
        { kind: "future" },
        { kind: "map", key: 7, value: 0 },
        { kind: "error-context" },
      ],
    );
  });

  test("are resources of whoever defines or imports them", async () => {
    const plan = await planOf(`(component
      (import "host" (instance $host (export "file" (type (sub resource)))))
      (import "bare" (type $bare (sub resource)))
      (import "same" (type (eq $bare)))
      (alias export $host "file" (type $file))
      (core module $m (func (export "drop") (param i32)))
      (component $c
        (import "t" (type $t (sub resource)))
        (core module $m (func (export "drop") (param i32)))
        (core instance $i (instantiate $m))
        (type $own (resource (rep i32) (dtor (core func $i "drop"))))
        (core func (canon resource.new $own))
        (core func (canon resource.rep $own))
        (core func (canon resource.drop $t))
        (export "own" (type $own)))
      (instance $one (instantiate $c (with "t" (type $file))))
      (instance $two (instantiate $c (with "t" (type $bare))))
      (export "one" (instance $one))
      (export "two" (instance $two))
    )`);
    assert.deepEqual(plan.resources, [
      { from: "import", path: ["host", "file"] },
      { from: "import", path: ["bare"] },
      { from: "definition", instance: 1, destructor: exported(0, "drop"), rep64: false },
      { from: "definition", instance: 2, destructor: exported(1, "drop"), rep64: false },
    ]);
    assert.deepEqual(
      plan.coreFunctions.map((each) => [each.instance, each.kind, "resource" in each ? each.resource : undefined]),
      [
        [1, "resource.new", 2],
        [1, "resource.rep", 2],
        [1, "resource.drop", 0],
        [2, "resource.new", 3],
        [2, "resource.rep", 3],
        [2, "resource.drop", 1],
      ],
    );
    assert.deepEqual(plan.imports, [
      { path: ["host"], kind: "instance" },
      { path: ["host", "file"], kind: "resource", resource: 0 },
      { path: ["bare"], kind: "resource", resource: 1 },
      { path: ["same"], kind: "type" },
    ]);
    assert.deepEqual(plan.exports, [
      { name: "one", kind: "instance", exports: [{ name: "own", kind: "resource", resource: 2 }] },
      { name: "two", kind: "instance", exports: [{ name: "own", kind: "resource", resource: 3 }] },
    ]);
  });
});

describe("what a plan exports", () => {
  test("is what bags, declared types and nested instances show, and no more", async () => {
    const { exports } = await planOf(`(component
      (import "all" (instance $all (export "f" (func)) (export "g" (func))))
      (core module $m)
      (component $c)
      (type $t (enum "a"))
      (instance $bag (export "go" (func $all "g")) (export "all" (instance $all)) (export "t" (type $t)))
      (export "bag" (instance $bag))
      (export "some" (instance $all) (instance (export "f" (func))))
      (export "m" (core module $m))
      (export "c" (component $c))
    )`);
    const [f, g] = [
      { name: "f", kind: "function", function: 0 },
      { name: "g", kind: "function", function: 1 },
    ] as const;
    assert.deepEqual(exports, [
      {
        name: "bag",
        kind: "instance",
        exports: [
          { ...g, name: "go" },
          { name: "all", kind: "instance", exports: [f, g] },
          { name: "t", kind: "type" },
        ],
      },
      { name: "some", kind: "instance", exports: [f] },
      { name: "m", kind: "module", module: { from: "bytes", index: 0 } },
      { name: "c", kind: "component" },
    ]);
  });
});

describe("the options of canonical definitions in a plan", () => {
  test("are those that are given, with the width of addresses", async () => {
    const { functions, coreFunctions } = await planOf(`(component
      (import "f" (func $f (param "s" string) (result string)))
      (core module $m
        (memory (export "m") 1)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 0)
        (func (export "post") (param i32))
        (func (export "g") (param i32 i32) (result i32) i32.const 0))
      (core instance $i (instantiate $m))
      (core func (canon lower (func $f) string-encoding=latin1+utf16
        (memory (core memory $i "m")) (realloc (core func $i "realloc"))))
      (func (export "g") (param "s" string) (result string) (canon lift (core func $i "g") string-encoding=utf16
        (memory (core memory $i "m")) (realloc (core func $i "realloc")) (post-return (core func $i "post"))))
    )`);
    const shared = { memory: exported(0, "m"), memory64: false, realloc: exported(0, "realloc"), async: false };
    assert.deepEqual(coreFunctions, [
      { instance: 0, kind: "lower", function: 0, options: { encoding: "latin1+utf16", ...shared } },
    ]);
    assert.deepEqual(functions[1], {
      from: "lift",
      instance: 0,
      core: exported(0, "g"),
      type: 0,
      options: { encoding: "utf16", ...shared, postReturn: exported(0, "post") },
    });
  });

  test("tell memories of 64-bit addresses, through bags too", async () => {
    const { coreFunctions } = await planOf(`(component
      (import "f" (func $f (param "s" string)))
      (core module $m (memory (export "m") i64 1))
      (core instance $i (instantiate $m))
      (core instance $bag (export "memory" (memory $i "m")))
      (core func (canon lower (func $f) (memory (core memory $bag "memory"))))
      (core func (canon waitable-set.wait (memory (core memory $bag "memory"))))
    )`);
    assert.deepEqual(coreFunctions, [
      {
        instance: 0,
        kind: "lower",
        function: 0,
        options: { encoding: "utf8", memory: exported(0, "m"), memory64: true, async: false },
      },
      { instance: 0, kind: "waitable-set.wait", cancellable: false, memory: exported(0, "m"), memory64: true },
    ]);
  });

  test("are kept for async functions and the built-ins of tasks, streams and futures", async () => {
    const { functions, coreFunctions, types } = await planOf(`(component
      (import "f" (func $f async (param "x" u8) (result u8)))
      (core module $m
        (memory (export "m") 1)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 0)
        (func (export "callback") (param i32 i32 i32) (result i32) i32.const 0)
        (func (export "g") (result i32) i32.const 0))
      (core instance $i (instantiate $m))
      (alias core export $i "m" (core memory $m))
      (type $s (stream string))
      (core func (canon lower (func $f) async (memory $m)))
      (core func (canon task.return (result u8)))
      (core func (canon stream.read $s async (memory $m) (realloc (core func $i "realloc"))))
      (core func (canon stream.cancel-write $s))
      (core func (canon context.get i32 1))
      (core func (canon subtask.cancel async))
      (core func (canon backpressure.inc))
      (func (export "g") async (result u8)
        (canon lift (core func $i "g") async (callback (core func $i "callback"))))
    )`);
    const utf8 = { encoding: "utf8", memory64: false } as const;
    const memory = exported(0, "m");
    const stream = types.findIndex(({ kind }) => kind === "stream");
    assert.deepEqual(coreFunctions, [
      { instance: 0, kind: "lower", function: 0, options: { ...utf8, memory, async: true } },
      { instance: 0, kind: "task.return", result: 0, options: { ...utf8, async: false } },
      {
        instance: 0,
        kind: "stream.read",
        type: stream,
        options: { ...utf8, memory, realloc: exported(0, "realloc"), async: true },
      },
      { instance: 0, kind: "stream.cancel-write", type: stream, async: false },
      { instance: 0, kind: "context.get", slot: 1, type: "i32" },
      { instance: 0, kind: "subtask.cancel", async: true },
      { instance: 0, kind: "backpressure.inc" },
    ]);
    assert.deepEqual(functions[1], {
      from: "lift",
      instance: 0,
      core: exported(0, "g"),
      type: 1,
      options: { ...utf8, async: true, callback: exported(0, "callback") },
    });
  });
});
