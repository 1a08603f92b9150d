import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { failsWith } from "../../../test/support/errors.ts";
import { moduleHolders } from "../../shared/plan/module-holders.ts";
import { LiveFunctions } from "./live-functions.ts";

const EMPTY = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

async function collected(isDone: () => boolean): Promise<void> {
  for (let turn = 0; turn < 20 && !isDone(); turn += 1) {
    collect();
    await new Promise(setImmediate);
  }
}

function account(max: number): { readonly functions: LiveFunctions; readonly count: Int32Array } {
  const count = new Int32Array(1);
  return { functions: new LiveFunctions(count, max), count };
}

/** Compiles for a place, and lets go of the modules. Returns what another thread that was sent them counts down. */
function compiledAndSent(functions: LiveFunctions, digest: string): Int32Array | undefined {
  const modules = [new WebAssembly.Module(EMPTY), new WebAssembly.Module(EMPTY)];
  functions.admit(digest, 60).compiled(modules);
  return moduleHolders(modules)?.add(modules.length);
}

test("what has no room is refused and counts for nothing", async () => {
  const { functions, count } = account(100);
  functions.admit("a", 60);
  const error = await failsWith("limit", /have 50 functions, .* have 60 of the 100/, () => functions.admit("b", 50));
  assert.deepEqual(error.limit, { limit: "complexity", cap: 100, used: 110 });
  functions.admit("c", 40);
  assert.equal(count[0], 100);
});

test("the same component counts once, until the last of its places is given back", () => {
  const { functions, count } = account(100);
  const [one, two] = [functions.admit("a", 60), functions.admit("a", 60)];
  assert.equal(count[0], 60);
  one.giveBack();
  assert.equal(count[0], 60);
  two.giveBack();
  assert.equal(count[0], 0);
  functions.admit("b", 60).compiled([]);
  assert.equal(count[0], 0);
});

test("a place is given back when no thread has the modules any more", async () => {
  const { functions, count } = account(100);
  const left = compiledAndSent(functions, "a");
  assert.ok(left);
  await collected(() => false);
  assert.equal(count[0], 60);
  left[0] = 1;
  await failsWith("limit", /have 60 of the 100/, () => functions.admit("b", 60));
  left[0] = 0;
  functions.admit("b", 60);
  assert.equal(count[0], 60);
});

test("modules that only this thread has are given back when they are collected", async () => {
  const { functions, count } = account(100);
  functions.admit("a", 60).compiled([new WebAssembly.Module(EMPTY)]);
  await collected(() => count[0] === 0);
  assert.equal(count[0], 0);
});
