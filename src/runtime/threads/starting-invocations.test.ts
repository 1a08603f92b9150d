import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BriskPrograms } from "./brisk-programs.ts";
import { MAX_STARTING, StartingInvocations } from "./starting-invocations.ts";

/** The worker's side: it starts what it was sent in order, unless it was revoked by then. */
class Thread {
  started = 0;
  readonly revoked: number[] = Array.from({ length: MAX_STARTING }, () => 0);
  readonly queue: number[] = [];
  readonly ran: number[] = [];

  revoke(ticket: number, place: number): void {
    this.revoked[place] = ticket;
  }

  /** Starts the next; tells whether it ran. */
  step(): { readonly ticket: number; readonly isRevoked: boolean } | undefined {
    const ticket = this.queue.shift();
    if (ticket === undefined) return undefined;
    this.started = ticket;
    const at = this.revoked.indexOf(ticket);
    if (at >= 0) this.revoked[at] = 0;
    else this.ran.push(ticket);
    return { ticket, isRevoked: at >= 0 };
  }
}

// Weakening, each alone: those before one that has started have not; there is one place to revoke.
test("whatever happens in whatever order, an invocation that was taken back does not run, and one that was not does", () => {
  const step = fc.constantFrom("send", "run", "hear", "revoke first", "revoke last");
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const thread = new Thread();
      const starting = new StartingInvocations({
        get started() {
          return thread.started;
        },
        revoke: (ticket, place) => thread.revoke(ticket, place),
      });
      const said: { readonly ticket: number; readonly isRevoked: boolean }[] = [];
      const takenBack = new Set<number>();
      let last = 0;
      for (const one of steps) {
        if (one === "send" && starting.size < MAX_STARTING) {
          last += 1;
          starting.add(last);
          thread.queue.push(last);
        } else if (one === "run") {
          const ran = thread.step();
          if (ran !== undefined) said.push(ran);
        } else if (one === "hear") {
          const heard = said.shift();
          if (heard !== undefined) assert.ok(starting.remove(heard.ticket));
        } else if (one.startsWith("revoke")) {
          const ticket = starting.tickets().at(one === "revoke first" ? 0 : -1);
          if (ticket !== undefined && starting.revoke(ticket)) takenBack.add(ticket);
        }
        for (const ticket of thread.ran) assert.ok(starting.hasStarted(ticket));
      }
      while (thread.step() !== undefined);
      const all = Array.from({ length: last }, (_, index) => index + 1);
      assert.deepEqual(
        thread.ran,
        all.filter((ticket) => !takenBack.has(ticket)),
      );
    }),
  );
});

test("what ended or waits has started, and so has what was sent before it", () => {
  const thread = new Thread();
  const starting = new StartingInvocations(thread);
  for (const ticket of [1, 2]) starting.add(ticket);
  assert.deepEqual(starting.notStarted(), [1, 2]);
  thread.started = 2;
  assert.equal(starting.remove(2), true);
  assert.equal(starting.hasStarted(1), true);
  assert.equal(starting.revoke(1), false);
  assert.deepEqual(starting.tickets(), [1]);
});

test("a program is brisk after eight brief invocations in a row, and no longer after one that was not", () => {
  const brisk = new BriskPrograms();
  for (let ended = 0; ended < 7; ended += 1) brisk.ended("p", 1);
  assert.equal(brisk.has("p"), false);
  brisk.ended("p", 4);
  assert.equal(brisk.has("p"), true);
  assert.equal(brisk.has("q"), false);
  brisk.ended("p", 4.1);
  assert.equal(brisk.has("p"), false);
});
