import assert from "node:assert/strict";
import { test } from "node:test";
import type { HandleShape } from "../../shared/handle-shape.ts";
import { ResourceTable, TooManyHandles } from "./resource-table.ts";

const OWN: HandleShape = { kind: "own", resource: "thing" };
const BORROW: HandleShape = { kind: "borrow", resource: "thing" };
const OTHER: HandleShape = { kind: "borrow", resource: "other" };

class Thing {
  disposals = 0;
  [Symbol.dispose](): void {
    this.disposals += 1;
  }
}

function lift(table: ResourceTable, value: unknown, shape: HandleShape): unknown {
  return table.lift([value], [shape], [])[0];
}

test("a handle stands for its object until it is handed over", () => {
  const table = new ResourceTable(10);
  const thing = new Thing();
  const handle = table.lower(thing, OWN);
  assert.equal(typeof handle, "number");
  assert.equal(lift(table, handle, BORROW), thing);
  assert.equal(lift(table, handle, OWN), thing);
  assert.throws(() => lift(table, handle, BORROW), /no handle of a thing/);
  table.clear();
  assert.equal(thing.disposals, 0, "it was handed over");
});

test("a handle is of one resource, and a number that is none is refused", () => {
  const table = new ResourceTable(10);
  const handle = table.lower(new Thing(), OWN) as number;
  assert.throws(() => lift(table, handle, OTHER), /no handle of a other/);
  for (const wrong of [0, -1, handle + 1, 1.5, NaN, "1", undefined, {}]) {
    assert.throws(() => lift(table, wrong, BORROW), /no handle of a thing/);
  }
});

test("what is dropped is disposed of once", () => {
  const table = new ResourceTable(10);
  const thing = new Thing();
  const handle = table.lower(thing, OWN) as number;
  table.drop(handle);
  table.drop(handle);
  table.clear();
  assert.equal(thing.disposals, 1);
});

test("a handle past the cap is refused, and its object disposed of", () => {
  const table = new ResourceTable(2);
  table.lower([new Thing(), new Thing()], { kind: "list", element: OWN });
  const [third, fourth] = [new Thing(), new Thing()];
  assert.throws(() => table.lower([third, fourth], { kind: "tuple", elements: [OWN, OWN] }), TooManyHandles);
  assert.deepEqual([third.disposals, fourth.disposals], [1, 1]);
  assert.equal(table.highWater, 2);
});

test("handles are found in every kind of value", () => {
  const table = new ResourceTable(10);
  const shape: HandleShape = {
    kind: "record",
    fields: {
      list: { kind: "list", element: { kind: "tuple", elements: [OWN, undefined] } },
      maybe: { kind: "option", element: OWN },
      outcome: { kind: "variant", cases: { ok: OWN } },
    },
  };
  const things = [new Thing(), new Thing(), new Thing()] as const;
  const value = {
    list: [[things[0], "x"]],
    maybe: things[1],
    outcome: { tag: "ok", val: things[2] },
    plain: { tag: "ok", val: 1 },
  };
  const lowered = table.lower(value, shape);
  assert.deepEqual(lowered, {
    list: [[1, "x"]],
    maybe: 2,
    outcome: { tag: "ok", val: 3 },
    plain: { tag: "ok", val: 1 },
  });
  assert.deepEqual(lift(table, lowered, shape), value);
  const none = { list: [], maybe: undefined, outcome: { tag: "err", val: 5 }, plain: 1 };
  assert.deepEqual(table.lower(none, shape), none);
});

test("everything that is left is disposed of at the end, the last first", () => {
  const order: number[] = [];
  const table = new ResourceTable(10);
  for (const number of [1, 2, 3]) table.lower({ [Symbol.dispose]: () => void order.push(number) }, OWN);
  table.clear();
  assert.deepEqual(order, [3, 2, 1]);
});
