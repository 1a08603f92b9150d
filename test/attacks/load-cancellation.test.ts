import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import diagnostics from "node:diagnostics_channel";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { inspect, run, Sandbox } from "../../src/sandbox/index.ts";
import { COMPONENT_SECTION, componentOf, leb128, moduleOf, sectionOf } from "../support/component-bytes.ts";
import { failsWith } from "../support/errors.ts";
import { textGuest } from "../support/guests.ts";
import { coreFunction } from "../support/text-guests.ts";

/*
 * Threads and processes end when the engine lets them. A caller that gives a load up is answered in the next turn of the event loop all the
 * same, and what it gave up is counted until it is gone.
 */

/** Loads at once, as `component/load/load.ts` has it. */
const SLOTS = Math.max(4, 2 * availableParallelism());

/** A component that does nothing, and is another one each time. */
function another(id: number): Uint8Array {
  const name = Buffer.from(`${id}`);
  const custom = sectionOf(0, Uint8Array.of(name.length), name);
  return componentOf(sectionOf(COMPONENT_SECTION.module, moduleOf(custom)));
}

/** The same with so many functions that none of a few is done before the others have begun. */
function slow(id: number): Uint8Array {
  const count = 90_000;
  const body = Uint8Array.of(5, 0, 0x41, 0, 0x1a, 0x0b);
  return componentOf(
    sectionOf(
      COMPONENT_SECTION.module,
      moduleOf(
        sectionOf(1, Uint8Array.of(1, 0x60, 0, 0)),
        sectionOf(3, leb128(count), Buffer.alloc(count)),
        sectionOf(10, leb128(count), ...Array.from({ length: count }, () => body)),
        sectionOf(0, Uint8Array.of(2, 0x61 + id, 0x61)),
      ),
    ),
  );
}

/** Fails when the attempt is not over in the next turn of the event loop. */
async function endsAtOnce(attempt: Promise<unknown>): Promise<void> {
  const stillOn = Symbol("it is still on");
  const first = await Promise.race([attempt.catch(() => undefined), setImmediate(stillOn)]);
  assert.notEqual(first, stillOn);
  await failsWith("cancelled", /was cancelled/, attempt);
}

// Weakening: the end of the thread is waited for.
for (const [name, load] of Object.entries({
  open: (source: Uint8Array, options: object) => Sandbox.open(source, { cache: false, ...options }),
  run: (source: Uint8Array, options: object) => run(source, "f", [], { cache: false, ...options }),
})) {
  for (const stage of ["validating", "hardening"]) {
    test(`${name} that is given up at the stage of ${stage} is over before its thread is`, async () => {
      const abort = new AbortController();
      const reached = Promise.withResolvers<void>();
      const onStage = (found: string): void => {
        if (found === stage) reached.resolve();
      };
      const attempt = load(another(0), { signal: abort.signal, onStage });
      await reached.promise;
      abort.abort();
      await endsAtOnce(attempt);
    });
  }
}

test("inspecting that is given up is over before its thread is", async () => {
  const abort = new AbortController();
  const attempt = inspect(another(0), { signal: abort.signal });
  await setImmediate();
  abort.abort();
  await endsAtOnce(attempt);
});

// Weakening: opening waits for what the process says.
test("a guest process that never answers holds up nobody who gives up, and is ended", async () => {
  const abort = new AbortController();
  const started = Promise.withResolvers<ChildProcess>();
  const listen = (message: unknown): void => started.resolve((message as { readonly process: ChildProcess }).process);
  diagnostics.subscribe("child_process", listen);
  const source = await textGuest("given-up", coreFunction(""));
  const attempt = Sandbox.open(source, { cache: false, isolation: "process", osSandbox: "off", signal: abort.signal });
  const process = await started.promise;
  diagnostics.unsubscribe("child_process", listen);
  const gone = once(process, "exit");
  process.kill("SIGSTOP");
  abort.abort();
  await endsAtOnce(attempt);
  assert.deepEqual(await gone, [null, "SIGKILL"]);
});

// Weakening: loads take no slot.
test("loads that are begun and given up together have no more threads than so many loads may have", async () => {
  const abort = new AbortController();
  let begun = 0;
  const all = Promise.withResolvers<void>();
  const onStage = (stage: string): void => {
    if (stage !== "validating") return;
    begun += 1;
    if (begun >= SLOTS) all.resolve();
  };
  const attempts = Array.from({ length: 3 * SLOTS }, (_, id) =>
    Sandbox.open(slow(id), { cache: false, signal: abort.signal, onStage }),
  );
  for (const attempt of attempts) attempt.catch(() => undefined);
  await all.promise;
  const seen = begun;
  abort.abort();
  for (const attempt of attempts) await endsAtOnce(attempt);
  assert.equal(seen, SLOTS);
  // They are had again when the threads are gone.
  await (await Sandbox.open(another(0), { cache: false })).close();
});
