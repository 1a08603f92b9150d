import assert from "node:assert/strict";
import { test } from "node:test";
import { ModuleHolders, trackHolders } from "../../shared/plan/module-holders.ts";
import { HeldPrograms } from "./held-programs.ts";
import type { Program } from "../messages.ts";

const EMPTY = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

function program(id: string, functions: number): { readonly program: Program; readonly holders: ModuleHolders } {
  const module = new WebAssembly.Module(EMPTY);
  const holders = new ModuleHolders(functions);
  trackHolders([module], holders);
  const modules = [{ name: "core0", module, memories: [] }];
  return { holders, program: { id, modules, instantiations: [], heapBytes: 0, freshMemory: false, custom: [] } };
}

test("a worker is burdened by what it was told to forget, until it has collected it", () => {
  const held = new HeldPrograms();
  const [large, small] = [program("large", 140_000), program("small", 10)];
  const left = held.add(large.program);
  held.add(small.program);
  assert.deepEqual([held.isBurdened, large.holders.hasOthers], [false, true]);
  held.forget("large");
  held.forget("small");
  assert.equal(held.isBurdened, true);
  assert.ok(left);
  left[0] = 0;
  assert.deepEqual([held.isBurdened, large.holders.hasOthers], [false, false]);
});

test("a thread that is gone has nothing", () => {
  const held = new HeldPrograms();
  const { program: sent, holders } = program("a", 140_000);
  held.add(sent);
  held.forget("a");
  held.release();
  assert.deepEqual([held.isBurdened, holders.hasOthers], [false, false]);
});

test("modules that nobody keeps track of are not counted", () => {
  const held = new HeldPrograms();
  const sent: Program = { id: "a", modules: [], instantiations: [], heapBytes: 0, freshMemory: false, custom: [] };
  assert.equal(held.add(sent), undefined);
});
