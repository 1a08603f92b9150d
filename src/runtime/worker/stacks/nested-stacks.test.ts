import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { test } from "node:test";
import { PAGE_BYTES } from "../../../shared/plan/page-bytes.ts";
import { NestedStacks, ThreadStacks } from "./nested-stacks.ts";

/** What a stack takes here, in bytes: a page and a little. */
const BYTES = PAGE_BYTES + 1;

interface Guest {
  readonly stacks: NestedStacks;
  /** Pages that were added to its thread's, those that were taken off again subtracted. */
  readonly pages: () => number;
}

function guestOf(thread: ThreadStacks): Guest {
  let pages = 0;
  const stacks = new NestedStacks(thread, BYTES, (change) => {
    pages += change;
  });
  return { stacks, pages: () => pages };
}

/** Takes as many as it is given, which is told. */
function takeAll({ stacks }: Guest): number {
  let taken = 0;
  while (stacks.take()) taken += 1;
  return taken;
}

/** Takes as many as may be deep, and one more; tells how many may. */
function takeDeep({ stacks }: Guest): number {
  while (stacks.allowedBytes === undefined && stacks.take());
  return stacks.held - 1;
}

// Weakening: a guest may have any number.
test("a guest has 64 stacks at most, which count as memory until it gives them back or ends", () => {
  const guest = guestOf(new ThreadStacks());
  assert.equal(takeAll(guest), 64);
  assert.deepEqual([guest.stacks.held, guest.pages()], [64, 128]);
  guest.stacks.giveBack();
  assert.deepEqual(
    [guest.stacks.held, guest.pages(), guest.stacks.take(), guest.stacks.take()],
    [63, 126, true, false],
  );
  assert.equal(guest.stacks.release(), 64);
  assert.deepEqual([guest.stacks.held, guest.pages()], [0, 0]);
  assert.equal(guest.stacks.highWaterBytes, 64 * BYTES);
});

// Weakening: the stacks of a thread, or of a process, are not counted together.
test("guests have fewer each when others have many, two at the least", () => {
  const thread = new ThreadStacks();
  const guests = Array.from({ length: 512 }, () => guestOf(thread));
  const taken = guests.map(takeAll);
  assert.deepEqual([taken[0], taken.at(-1), Math.min(...taken)], [64, 2, 2]);
  assert.ok(taken.every((count, index) => index === 0 || count <= (taken[index - 1] ?? 0)));
  const all = taken.reduce((sum, count) => sum + count, 0);
  const most = Math.min(1_024, 4_096 / availableParallelism());
  assert.ok(all <= most + 512 * 2, String(all));
  for (const { stacks } of guests) stacks.release();
  assert.equal(takeAll(guestOf(thread)), Math.min(64, Math.floor(4_096 / availableParallelism() / 4)));
});

// Weakening: what they hold is never bounded.
test("few of a guest's stacks may be deep, and fewer when others have many", () => {
  const thread = new ThreadStacks();
  const guests = Array.from({ length: 100 }, () => guestOf(thread));
  const deep = guests.map(takeDeep);
  assert.deepEqual([deep[0], deep.at(-1), Math.min(...deep)], [8, 2, 2]);
  assert.equal(guests[0]?.stacks.allowedBytes, 128 * 1024);
  for (const { stacks } of guests) stacks.release();
  assert.equal(takeDeep(guestOf(thread)), 8);
});
