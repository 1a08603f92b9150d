import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { metadataAdd, parse } from "../../test/support/wasm-tools.ts";
import type { WitInterface } from "../shared/wit/wit.ts";
import { decodeComponent } from "./decode-component.ts";
import type { DecodedComponent } from "./decode-component.ts";

// Components are written as text, for what no WIT world gives rise to.

async function decodeText(text: string): Promise<DecodedComponent> {
  return decodeComponent(await parse(text));
}

function withName(interfaces: readonly WitInterface[], name: string): WitInterface | undefined {
  return interfaces.find((each) => each.name === name);
}

describe("decodeComponent on imports and exports", () => {
  test("reports what is neither a function nor an interface", async () => {
    const { imports, exports } = (
      await decodeText(`(component
        (import "m" (core module $m))
        (import "c" (component $c))
        (import "r" (type $r (sub resource)))
        (import "same" (type (eq $r)))
        (import "nest" (instance (export "inner" (instance (export "f" (func))))))
        (export "module" (core module $m))
        (export "component" (component $c))
        (type $own (resource (rep i32)))
        (export "own" (type $own))
        (export "again" (type $r))
      )`)
    ).interface;
    assert.deepEqual(imports.other, [
      { name: "m", kind: "module" },
      { name: "c", kind: "component" },
      { name: "r", kind: "resource" },
      { name: "nest", kind: "component" },
    ]);
    assert.deepEqual(exports.other, [
      { name: "module", kind: "module" },
      { name: "component", kind: "component" },
      { name: "own", kind: "resource" },
    ]);
  });

  test("takes the type that an export is ascribed for its type", async () => {
    const { exports } = (
      await decodeText(`(component
        (import "all" (instance $all (export "f" (func)) (export "g" (func))))
        (export "some" (instance $all) (instance (export "f" (func))))
        (export "whole" (instance $all))
      )`)
    ).interface;
    const names = exports.interfaces.map((each) => [each.name, each.functions.map((item) => item.name)]);
    assert.deepEqual(names, [
      ["some", ["f"]],
      ["whole", ["f", "g"]],
    ]);
  });

  test("reads names that carry a version suffix or the interface they implement", async () => {
    const { imports } = (
      await decodeText(`(component
        (import "a:b/c@1" (versionsuffix ".2.3") (instance (export "f" (func))))
        (import "mine" (implements "a:b/c@1.0.0") (instance))
        (import "plain" (instance))
      )`)
    ).interface;
    assert.deepEqual(
      imports.interfaces.map((each) => [each.name, each.implements]),
      [
        ["a:b/c@1", "a:b/c@1.2.3"],
        ["mine", "a:b/c@1.0.0"],
        ["plain", undefined],
      ],
    );
  });

  test("reads maps, lists of a fixed length and error contexts", async () => {
    const { imports } = (
      await decodeText(`(component
        (type $m (map string u32))
        (type $l (list u8 4))
        (import "f" (func async (param "m" $m) (param "l" $l) (result error-context)))
      )`)
    ).interface;
    assert.deepEqual(imports.functions, [
      {
        name: "f",
        parameters: [
          { name: "m", type: { kind: "map", key: { kind: "string" }, value: { kind: "u32" } } },
          { name: "l", type: { kind: "list", element: { kind: "u8" }, length: 4 } },
        ],
        result: { kind: "error-context" },
        async: true,
      },
    ]);
  });

  test("lists the types of two interfaces that share one instance type in both", async () => {
    const { imports } = (
      await decodeText(`(component
        (type $t (instance (type $p (record (field "x" u8))) (export "p" (type (eq $p)))))
        (import "a" (instance (type $t)))
        (import "b" (instance (type $t)))
      )`)
    ).interface;
    assert.deepEqual(
      imports.interfaces.map((each) => each.types.map((type) => type.name)),
      [["p"], ["p"]],
    );
  });

  test("holds resources of two imports of one instance type apart", async () => {
    const { imports } = (
      await decodeText(`(component
        (type $t (instance (export "r" (type (sub resource))) (export "also" (type (eq 0)))))
        (import "a" (instance $a (type $t)))
        (import "b" (instance (type $t)))
        (alias export $a "r" (type $r))
        (import "c" (instance (alias outer 1 $r (type $same)) (export "r" (type (eq $same)))))
      )`)
    ).interface;
    assert.deepEqual(
      imports.interfaces.map((each) => each.resources),
      [["r"], ["r"], []],
    );
  });
});

describe("decodeComponent on nested components", () => {
  test("binds a nested component's imports to the arguments, as they are declared", async () => {
    const { exports } = (
      await decodeText(`(component
        (component $c
          (import "a" (instance $a (export "f" (func))))
          (export "b" (instance $a))
        )
        (import "full" (instance $f (export "f" (func)) (export "g" (func))))
        (instance $i (instantiate $c (with "a" (instance $f))))
        (alias export $i "b" (instance $b))
        (export "b" (instance $b))
      )`)
    ).interface;
    assert.deepEqual(
      exports.interfaces.map((each) => each.functions.map((item) => item.name)),
      [["f"]],
    );
  });

  test("puts the actual resources and types in place of those a nested component imports", async () => {
    const { imports, exports } = (
      await decodeText(`(component
        (import "host" (instance $host
          (export "file" (type (sub resource)))
          (type $p (record (field "x" u8)))
          (export "point" (type (eq $p)))
        ))
        (alias export $host "file" (type $file))
        (alias export $host "point" (type $point))
        (component $c
          (import "import-type-file" (type $t (sub resource)))
          (type $q (record (field "x" u8)))
          (import "import-type-point" (type $p (eq $q)))
          (import "run" (func $run (param "f" (own $t)) (result $p)))
          (export $t2 "handle" (type $t))
          (export "run" (func $run))
        )
        (import "run" (func $run (param "f" (own $file)) (result $point)))
        (instance $i (instantiate $c
          (with "import-type-file" (type $file))
          (with "import-type-point" (type $point))
          (with "run" (func $run))
        ))
        (export "api" (instance $i))
      )`)
    ).interface;
    assert.deepEqual(withName(imports.interfaces, "host")?.resources, ["file"]);
    assert.deepEqual(withName(exports.interfaces, "api"), {
      name: "api",
      functions: [
        {
          name: "run",
          parameters: [{ name: "f", type: { kind: "own", resource: "file" } }],
          result: { kind: "record", fields: [{ name: "x", type: { kind: "u8" } }], name: "point" },
          async: false,
        },
      ],
      resources: [],
      types: [],
    });
  });

  test("makes new resources for every instance of a component that defines one", async () => {
    const { exports } = (
      await decodeText(`(component
        (component $c
          (type $r (resource (rep i32)))
          (export $r2 "r" (type $r))
          (core module $m (func (export "f") (param i32)))
          (core instance $i (instantiate $m))
          (func (export "take") (param "r" (own $r2)) (canon lift (core func $i "f")))
        )
        (instance $one (instantiate $c))
        (instance $two (instantiate $c))
        (export "one" (instance $one))
        (export "two" (instance $two))
      )`)
    ).interface;
    assert.deepEqual(
      exports.interfaces.map((each) => [each.resources, each.functions[0]?.parameters[0]?.type]),
      [
        [["r"], { kind: "own", resource: "r" }],
        [["r"], { kind: "own", resource: "r" }],
      ],
    );
  });

  test("instantiates an imported component by its type", async () => {
    const { exports } = (
      await decodeText(`(component
        (import "c" (component $c
          (import "a" (type $t (sub resource)))
          (export "i" (instance (export "f" (func (param "x" (own $t))))))
        ))
        (import "session" (type $r (sub resource)))
        (instance $i (instantiate $c (with "a" (type $r))))
        (alias export $i "i" (instance $j))
        (export "j" (instance $j))
      )`)
    ).interface;
    assert.deepEqual(exports.interfaces[0]?.functions[0]?.parameters, [
      { name: "x", type: { kind: "own", resource: "session" } },
    ]);
  });

  test("builds an instance from single exports, and names a type after its export", async () => {
    const { exports } = (
      await decodeText(`(component
        (type $p (enum "a" "b"))
        (import "f" (func $f))
        (instance $i (export "letter" (type $p)) (export "go" (func $f)))
        (export "api" (instance $i))
      )`)
    ).interface;
    assert.deepEqual(exports.interfaces, [
      {
        name: "api",
        functions: [{ name: "go", parameters: [], async: false }],
        resources: [],
        types: [{ name: "letter", type: { kind: "enum", names: ["a", "b"], name: "letter" } }],
      },
    ]);
  });

  test("shares what instances without resources of their own have in common", async () => {
    const levels = Array.from(
      { length: 50 },
      (_, level) => `(component $c${level + 1}
        (alias outer 1 $c${level} (component $c))
        (instance $one (instantiate $c))
        (instance $two (instantiate $c))
      )`,
    );
    const { counts } = await decodeText(`(component (component $c0) ${levels.join("")} (instance (instantiate $c50)))`);
    assert.equal(counts.components, 51);
  });
});

describe("decodeComponent on core definitions", () => {
  test("knows every built-in that the text format knows", async () => {
    const builtIns = [
      ["task.cancel", "backpressure.inc", "backpressure.dec", "subtask.drop", "subtask.cancel", "subtask.cancel async"],
      ["error-context.drop", "waitable-set.new", "waitable-set.drop", "waitable.join", "context.get i32 0"],
      ["thread.yield", "context.set i32 1"],
      ["task.return", "task.return (result $stream)", "resource.new $r", "resource.rep $r", "resource.drop $r"],
      ["stream.new $stream", "stream.read $stream (memory 0)", "stream.write $stream (memory 0) async"],
      ["stream.cancel-read $stream", "stream.cancel-write $stream async", "stream.drop-readable $stream"],
      ["stream.drop-writable $stream", "future.new $future", "future.read $future", "future.write $future"],
      ["future.cancel-read $future", "future.cancel-write $future", "future.drop-readable $future"],
      ["future.drop-writable $future", "waitable-set.wait (memory 0)", "waitable-set.poll (memory 0)"],
      [
        "error-context.new (memory 0)",
        "error-context.debug-message string-encoding=utf16 (memory 0) (realloc $realloc)",
      ],
      ["lower (func $f) async (memory 0) (realloc $realloc)"],
    ].flat();
    const { counts, plan, asynchronous } = await decodeText(withBuiltIns(builtIns));
    assert.deepEqual([counts.types, counts.functions, asynchronous], [5, 3, true]);
    assert.equal(plan?.coreFunctions.length, builtIns.length);
    for (const builtIn of [
      "thread.index",
      "thread.resume-later",
      "thread.suspend",
      "thread.suspend-then-resume",
      "thread.yield-then-resume",
      "thread.suspend-then-promote",
      "thread.yield-then-promote",
    ]) {
      const decoded = await decodeText(withBuiltIns([builtIn]));
      assert.deepEqual([decoded.plan, decoded.unsupported?.includes(`${builtIn},`)], [undefined, true], builtIn);
    }
    const spawning = await decodeText(withBuiltIns(["thread.new-indirect $start (core table 0)"]));
    assert.match(spawning.unsupported ?? "", /thread\.new-indirect/);
  });

  test("walks core types, module types, instances and aliases", async () => {
    const { interface: found, counts } = await decodeText(`(component
      (core type (func (param i32 v128 (ref null func)) (result f64)))
      (core type (sub (func)))
      (core type (sub final (struct (field i8) (field (mut i32)))))
      (core type (array (mut i16)))
      (core rec (type (func)) (type (struct (field (ref 0)))))
      (core type $m (module
        (type (func))
        (alias outer 1 0 (type))
        (import "a" "f" (func (type 0)))
        (import "a" "m" (memory i64 1 2))
        (import "a" "t" (table 1 funcref))
        (import "a" "g" (global (mut i32)))
        (export "e" (tag (type 0)))
      ))
      (import "m" (core module (type $m)))
      (core module $n (memory (export "mem") 1) (table (export "tab") 1 funcref) (global (export "g") i32 i32.const 0))
      (core instance $i (instantiate $n))
      (alias core export $i "mem" (core memory))
      (alias core export $i "tab" (core table))
      (alias core export $i "g" (core global))
      (core instance $args (export "mem" (memory 0)))
      (core instance (instantiate $n (with "args" (instance $args))))
      (type (instance (core type (func)) (export "f" (func))))
      (type (component (core type (module)) (import "m" (core module (type 0)))))
      (component (alias outer 1 $n (core module)) (alias outer 1 $m (core type)) (core instance (instantiate 0)))
    )`);
    assert.deepEqual(found.imports.other, [{ name: "m", kind: "module" }]);
    assert.deepEqual([counts.coreModules, counts.coreInstances, counts.components], [1, 4, 1]);
  });

  test("says where the core modules lie, and which tools made what", async () => {
    const component = await metadataAdd(
      await parse(`(component
        (core module (@producers (language "C" "17") (processed-by "clang" "20")))
        (component (core module (@producers (processed-by "clang" "20"))))
        (@custom "other" "anything")
      )`),
      [["language", [["JavaScript", "2025"]]]],
    );
    const { coreModules, producers } = decodeComponent(component);
    assert.equal(coreModules.length, 2);
    for (const { offset, size } of coreModules) {
      assert.ok(WebAssembly.validate(component.slice(offset, offset + size)));
    }
    assert.deepEqual(
      producers.toSorted((one, two) => one.name.localeCompare(two.name)),
      [
        { field: "language", name: "C", version: "17" },
        { field: "processed-by", name: "clang", version: "20" },
        { field: "language", name: "JavaScript", version: "2025" },
      ],
    );
  });
});

/** A component with these built-ins, and all that they may refer to. */
function withBuiltIns(list: readonly string[]): string {
  return `(component
      (import "f" (func $f async (result string)))
      (core module $m
        (memory (export "memory") 1)
        (table (export "table") 1 funcref)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 0)
        (func (export "callback") (param i32 i32 i32) (result i32) i32.const 0)
        (func (export "start") (result i32) i32.const 0))
      (core instance $i (instantiate $m))
      (alias core export $i "memory" (core memory))
      (alias core export $i "table" (core table))
      (alias core export $i "realloc" (core func $realloc))
      (core type $start (func (param i32)))
      (type $r (resource (rep i32)))
      (type $stream (stream u8))
      (type $future (future))
      ${list.map((builtIn) => `(core func (canon ${builtIn}))`).join("\n")}
      (func (export "after") async
        (canon lift (core func $i "start") async (callback (core func $i "callback"))))
    )`;
}
