import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse } from "../../test/support/wasm-tools.ts";
import { CordonError } from "../shared/errors.ts";
import type { LimitDetail } from "../shared/errors.ts";
import { DEFAULT_DECODE_BOUNDS } from "./binary/bounds.ts";
import type { DecodeBounds } from "./binary/bounds.ts";
import { PREAMBLE, component, name, section, u32 } from "./component-bytes.test.ts";
import { decodeComponent } from "./decode-component.ts";

function beyond(limit: LimitDetail["limit"], bound: keyof DecodeBounds, cap = DEFAULT_DECODE_BOUNDS[bound]) {
  return (error: unknown): boolean => {
    assert(error instanceof CordonError);
    assert.equal(error.code, "limit", error.message);
    assert.deepEqual([error.limit?.limit, error.limit?.cap], [limit, cap]);
    assert.ok((error.limit?.used ?? 0) > cap);
    assert.match(error.message, new RegExp(bound));
    return true;
  };
}

describe("decodeComponent on components that grow", () => {
  test("refuses components nested 100,000 deep", () => {
    const depth = 100_000;
    const bytes = new Uint8Array(depth * 14 + 8);
    for (let level = 0; level < depth; level += 1) {
      const left = (depth - level - 1) * 14 + 8;
      const size = [left & 0x7f, (left >>> 7) & 0x7f, (left >>> 14) & 0x7f, (left >>> 21) & 0x7f].map(
        (byte) => byte | 0x80,
      );
      bytes.set([...PREAMBLE, 4, ...size, 0], level * 14);
    }
    bytes.set(PREAMBLE, depth * 14);
    assert.throws(() => decodeComponent(bytes), beyond("complexity", "maxDepth"));
  });

  test("refuses types nested 100,000 deep", () => {
    const deep = Array.from({ length: 100_000 }, () => [0x42, 1, 1]).flat();
    const bytes = Uint8Array.from([...PREAMBLE, 7, ...u32(deep.length + 2), 1, ...deep, 0x7d]);
    assert.throws(() => decodeComponent(bytes), beyond("complexity", "maxDepth"));
  });

  test("refuses a value type that is deeper than whoever walks it may be ready for", () => {
    assert.ok(decodeComponent(component(section(7, ...lists(60)))));
    assert.throws(() => decodeComponent(component(section(7, ...lists(120)))), beyond("complexity", "maxTypeDepth"));
  });

  test("shares types that double with each level, and refuses to write them out", () => {
    const levels = 18;
    assert.ok(decodeComponent(component(section(7, ...doubling(levels)))));
    const used = component(
      section(7, ...doubling(levels)),
      section(7, 1, 0x40, 1, 1, 0x61, levels - 1, 1, 0),
      section(10, 1, 0, 1, 0x66, 1, levels),
    );
    assert.throws(() => decodeComponent(used), beyond("complexity", "maxInterfaceNodes"));
  });

  test("refuses types that would double once too often", () => {
    assert.throws(() => decodeComponent(component(section(7, ...doubling(60)))), beyond("complexity", "maxTypeSize"));
  });

  test("counts long names into the size of what they are written out in", () => {
    const label = "a".repeat(4_000);
    const parameters = Array.from({ length: 100 }, (_, index) => [...name(`p${index}`), 1]).flat();
    const used = component(
      section(7, 1, 0x6d, 1, ...name(label)),
      section(10, 1, 0, ...name("e"), 3, 0, 0),
      section(7, 1, 0x40, 100, ...parameters, 1, 0),
      section(10, 40, ...Array.from({ length: 40 }, (_, index) => [0, ...name(`f${index}`), 1, 2]).flat()),
    );
    assert.throws(() => decodeComponent(used), beyond("complexity", "maxInterfaceNodes"));
  });

  test("refuses components that make twice as many resources with each level", async () => {
    const levels = Array.from(
      { length: 40 },
      (_, level) => `(component $c${level + 1}
        (alias outer 1 $c${level} (component $c))
        (instance (instantiate $c))
        (instance (instantiate $c))
      )`,
    );
    const bytes = await parse(`(component (component $c0 (type (resource (rep i32)))) ${levels.join("")})`);
    assert.throws(() => decodeComponent(bytes), beyond("complexity", "maxSteps"));
  });

  test("refuses instance types that make twice as many resources with each level", async () => {
    const levels = Array.from(
      { length: 40 },
      (_, level) => `(type $t${level + 1} (instance
        (alias outer 1 $t${level} (type $t))
        (export "a" (instance (type $t)))
        (export "b" (instance (type $t)))
      ))`,
    );
    const bytes = await parse(
      `(component (type $t0 (instance (export "r" (type (sub resource))))) ${levels.join("")})`,
    );
    assert.throws(() => decodeComponent(bytes), beyond("complexity", "maxSteps"));
  });

  test("refuses a long chain of instantiations", async () => {
    const levels = Array.from(
      { length: 100 },
      (_, level) => `(component $c${level + 1} (alias outer 1 $c${level} (component $c)) (instance (instantiate $c)))`,
    );
    const bytes = await parse(`(component (component $c0 (type (resource (rep i32)))) ${levels.join("")})`);
    assert.throws(() => decodeComponent(bytes), beyond("complexity", "maxDepth"));
  });

  test("refuses core modules of millions of sections", () => {
    const module = new Uint8Array(8 + 3 * 1_100_000);
    module.set([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
    for (let offset = 8; offset < module.length; offset += 3) module.set([0, 1, 0], offset);
    const bytes = new Uint8Array([...component(), 1, ...u32(module.length), ...module]);
    assert.throws(() => decodeComponent(bytes), beyond("complexity", "maxSteps"));
  });

  test("holds to every bound it is given", async () => {
    const bytes = await parse(`(component
      (core module $m) (core module) (core instance (instantiate $m)) (core instance (instantiate $m))
      (component $c) (component) (instance (instantiate $c)) (instance (instantiate $c))
      (type (list u8)) (type $t (record (field "label" 0)))
      (import "one" (func)) (import "two" (instance))
    )`);
    assert.ok(decodeComponent(bytes));
    for (const bound of [
      "maxModules",
      "maxComponents",
      "maxInstances",
      "maxTypes",
      "maxExterns",
      "maxDepth",
    ] as const) {
      const bounds = { ...DEFAULT_DECODE_BOUNDS, [bound]: 1 };
      assert.throws(() => decodeComponent(bytes, bounds), beyond("complexity", bound, 1));
    }
    for (const bound of ["maxTypeDepth", "maxNameBytes", "maxSteps", "maxInterfaceNodes"] as const) {
      const bounds = { ...DEFAULT_DECODE_BOUNDS, [bound]: 1 };
      assert.throws(() => decodeComponent(bytes, bounds), beyond("complexity", bound, 1));
    }
    const bounds = { ...DEFAULT_DECODE_BOUNDS, maxBytes: 20 };
    assert.throws(() => decodeComponent(bytes, bounds), beyond("component-size", "maxBytes", 20));
  });

  test("refuses component-level values as unsupported", () => {
    assert.throws(() => decodeComponent(component(section(12, 0))), { name: "CordonError", code: "unsupported" });
  });

  test("refuses to plan a type of long names again for each instance of a component", async () => {
    const parameters = Array.from({ length: 300 }, (_, index) => `(param "${"a".repeat(3_900)}${index}" u8)`);
    const bytes = await parse(`(component
      (component $c
        (core module $m
          (func (export "f") (param i32)) (memory (export "m") 1)
          (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
        (core instance $i (instantiate $m))
        (func ${parameters.join(" ")} (canon lift (core func $i "f")
          (memory (core memory $i "m")) (realloc (core func $i "realloc")))))
      ${"(instance (instantiate $c))".repeat(200)}
    )`);
    assert.throws(() => decodeComponent(bytes), beyond("complexity", "maxSteps"));
  });

  test("refuses to make the resources of a large type anew for each import of it", async () => {
    const resources = Array.from({ length: 1_000 }, (_, index) => `(export "r${index}" (type (sub resource)))`);
    const imports = Array.from({ length: 400 }, (_, index) => `(import "i${index}" (instance (type $t)))`);
    const bytes = await parse(`(component (type $t (instance ${resources.join(" ")})) ${imports.join(" ")})`);
    assert.throws(() => decodeComponent(bytes), beyond("complexity", "maxSteps"));
  });

  test("refuses to compare component types that double with each level", async () => {
    const levels = Array.from(
      { length: 17 },
      (_, level) => `(type $t${level + 1} (component
        (alias outer 1 $t${level} (type $t))
        (import "a" (component (type $t)))
        (export "b" (component (type $t)))))`,
    );
    const bytes = await parse(`(component
      (type $t0 (component (import "r" (type $r (sub resource))) (export "f" (func (param "x" (own $r))))))
      ${levels.join("")}
      (import "x" (component $x (type $t17)))
      (component $y (alias outer 1 $t17 (type $t)) (import "x" (component (type $t))))
      (instance (instantiate $y (with "x" (component $x))))
    )`);
    assert.throws(() => decodeComponent(bytes), beyond("complexity", "maxSteps"));
  });

  test("refuses to convert one large type again for each of its names", async () => {
    const fields = Array.from({ length: 2_000 }, (_, index) => `(field "f${index}" u8)`);
    const names = Array.from({ length: 2_000 }, (_, index) => `(export $n${index} "n${index}" (type $t))`);
    const uses = Array.from({ length: 2_000 }, (_, index) => `(field "f${index}" $n${index})`);
    const bytes = await parse(`(component
      (type $t (record ${fields.join(" ")}))
      ${names.join("\n")}
      (type $all (record ${uses.join(" ")}))
      (export $named "all" (type $all))
      (import "use" (func (param "all" $named)))
    )`);
    assert.throws(() => decodeComponent(bytes), beyond("complexity", "maxSteps"));
  });
});

/** The content of a type section: a list of a list of ... of `u8`, `depth` levels in all. */
function lists(depth: number): number[] {
  return [...u32(depth), 0x7d, ...Array.from({ length: depth - 1 }, (_, level) => [0x70, ...typeIndex(level)]).flat()];
}

/** A type index, which is signed: from 64 on it takes two bytes, since the high bit of the last is the sign. */
function typeIndex(value: number): number[] {
  return value < 64 ? [value] : [(value & 0x7f) | 0x80, value >>> 7];
}

/** The content of a type section: `tuple<previous, previous>`, so many times over. */
function doubling(levels: number): number[] {
  const tuples = Array.from({ length: levels - 1 }, (_, index) => [0x6f, 2, index, index]);
  return [levels, 0x7d, ...tuples.flat()];
}
