import assert from "node:assert/strict";
import { test } from "node:test";
import { DONE, jobOf, loaded, passing, returning } from "../../../test/support/crossing-guests.ts";
import { CrossingRoom, type RoomOfWorker } from "../crossings/crossing-room.ts";
import { WorkerPool } from "./pool.ts";

/** A machine with so many threads to give. */
class FewThreads extends CrossingRoom {
  #left: number;

  constructor(threads: number) {
    super();
    this.#left = threads;
  }

  override open(): RoomOfWorker {
    if (this.#left === 0) throw new Error("there is no thread");
    this.#left -= 1;
    return super.open();
  }
}

// Weakening: a worker that cannot be started is a failure of who wanted it, and of whatever happened to make room.
test("where the system has no thread for another worker the others do the work", async () => {
  const pool = new WorkerPool(3, { crossingRoom: new FewThreads(1) });
  const [waiting, small] = [await loaded(passing(16)), await loaded(returning(16))];
  const answers: (() => void)[] = [];
  const answer = (): Promise<unknown> => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    answers.push(() => resolve(DONE));
    return promise;
  };
  const calls = Array.from({ length: 4 }, () => pool.run(jobOf(waiting, { answer })));
  const others = Array.from({ length: 8 }, () => pool.run(jobOf(small)));
  for (const { ending } of await Promise.all(others)) assert.equal(ending.kind, "value");
  for (const one of answers) one();
  for (const { ending } of await Promise.all(calls)) assert.equal(ending.kind, "value");
  await pool.close();
});

test("where it has none at all that is told", async () => {
  const pool = new WorkerPool(1, { crossingRoom: new FewThreads(0) });
  const small = await loaded(returning(16));
  assert.throws(() => pool.run(jobOf(small)), /there is no thread/u);
  await pool.close();
});
