import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { promisify } from "node:util";
import { failsWith } from "../../../test/support/errors.ts";
import { runLoad } from "./load.ts";
import { LoadSlots } from "./load-slots.ts";

const { signal: OPEN } = new AbortController();

test("a load that takes too long is refused, and what comes of it later is undone", async () => {
  const late = Promise.withResolvers<string>();
  const discarded = Promise.withResolvers<string>();
  const error = await failsWith(
    "limit",
    /took over 1 ms/,
    runLoad(() => late.promise, { timeoutMs: 1, discard: discarded.resolve }),
  );
  assert.deepEqual(error.limit, { limit: "deadline", cap: 1 });
  late.resolve("loaded");
  assert.equal(await discarded.promise, "loaded");
});

test("a load that was given up before it began does nothing", async () => {
  let begun = false;
  const signal = AbortSignal.abort(new Error("no more"));
  const error = await failsWith(
    "cancelled",
    /cancelled/,
    runLoad(
      async () => {
        begun = true;
      },
      { signal },
    ),
  );
  assert.deepEqual([begun, (error.cause as Error).message], [false, "no more"]);
});

test("what a load throws is passed on", async () => {
  await assert.rejects(
    runLoad(async () => {
      throw new TypeError("of its own");
    }),
    TypeError,
  );
});

test("slots are given in the order in which they were asked for, and not to those that gave up", async () => {
  const slots = new LoadSlots(1);
  const giveUp = new AbortController();
  const release = await slots.take(OPEN);
  const second = slots.take(giveUp.signal);
  const third = slots.take(OPEN);
  giveUp.abort(new Error("given up"));
  await assert.rejects(second, /given up/);
  assert.equal(await Promise.race([third, setImmediate("waits")]), "waits");
  release();
  release();
  (await third)();
  (await slots.take(OPEN))();
});

test("a slot that is given in the moment in which it is given up is not lost", async () => {
  const slots = new LoadSlots(1);
  const giveUp = new AbortController();
  const release = await slots.take(OPEN);
  const waiting = slots.take(giveUp.signal);
  release();
  giveUp.abort(new Error("given up"));
  await waiting.then(
    (late) => late(),
    () => undefined,
  );
  (await slots.take(OPEN))();
});

test("who waits for a slot keeps the process alive, though what holds it does not", async () => {
  const script = `import { LoadSlots } from ${JSON.stringify(new URL("load-slots.ts", import.meta.url).href)};
    const slots = new LoadSlots(1);
    const release = await slots.take(new AbortController().signal);
    setTimeout(release, 50).unref();
    await slots.take(new AbortController().signal);
    console.log("taken");`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script]);
  assert.equal(stdout, "taken\n");
});
