import assert from "node:assert/strict";
import { test } from "node:test";
import { HandleTable, TableBudget } from "../handles/handle-table.ts";
import { ResourceHandle } from "../handles/resource-handle.ts";
import { Subtask } from "./subtask.ts";

function tableOf(most: number): { readonly table: HandleTable; readonly budget: TableBudget } {
  const budget = new TableBudget(most, () => {
    throw new Error("too many handles");
  });
  return { table: new HandleTable(budget), budget };
}

const handles = (count: number): readonly ResourceHandle[] =>
  Array.from({ length: count }, (_, rep) => new ResourceHandle(0, rep));

test("a handle is lent as often as it is, and is free again when the caller is told of the end", () => {
  const { table } = tableOf(0);
  const subtask = new Subtask();
  const [one, other] = handles(2) as [ResourceHandle, ResourceHandle];
  for (let times = 0; times < 5; times += 1) subtask.lend(one, table);
  subtask.lend(other, table);
  assert.deepEqual([one.lends, other.lends, subtask.isDelivered], [5, 1, false]);
  subtask.deliver();
  assert.deepEqual([one.lends, other.lends, subtask.isDelivered], [0, 0, true]);
});

test("many handles that are lent to one call count as held until its end", () => {
  const { table, budget } = tableOf(10);
  const lent = handles(27);
  const subtask = new Subtask();
  for (const handle of lent.slice(0, 26)) {
    subtask.lend(handle, table);
    subtask.lend(handle, table);
  }
  assert.equal(budget.highWater, 10);
  assert.throws(() => subtask.lend(lent[26] as ResourceHandle, table), /too many/u);
  subtask.deliver();
  const next = new Subtask();
  for (const handle of lent.slice(0, 26)) next.lend(handle, table);
});
