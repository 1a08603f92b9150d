import assert from "node:assert/strict";
import { test } from "node:test";
import { TableBudget } from "../engine/handles/handle-table.ts";
import { ThreadHandles } from "./thread-handles.ts";

/** A guest that takes as many as it is given. */
function taken(thread: ThreadHandles): TableBudget {
  const budget = new TableBudget(
    8_192,
    () => {
      throw new Error("too many");
    },
    thread,
  );
  assert.throws(() => {
    for (;;) budget.take();
  }, /too many/u);
  return budget;
}

// Weakening: what the guests of a thread hold is not counted together.
test("guests hold fewer handles each when others hold many, some in any case, and none when they have ended", () => {
  const thread = new ThreadHandles();
  const budgets = Array.from({ length: 512 }, () => taken(thread));
  const held = budgets.map((budget) => budget.held);
  assert.deepEqual([held[0], held.at(-1), Math.min(...held)], [8_192, 128, 128]);
  assert.ok(held.reduce((sum, one) => sum + one, 0) <= 65_536 + 512 * 128);
  for (const budget of budgets) {
    budget.release();
    budget.release();
    budget.giveBack();
  }
  assert.equal(taken(thread).held, 8_192);
});
