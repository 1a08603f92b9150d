import assert from "node:assert/strict";
import { test } from "node:test";
import { PAGE_BYTES } from "../../../shared/plan/page-bytes.ts";
import type { Program } from "../../messages.ts";
import type { MemoryRequest } from "./guest-memory.ts";
import { linearMemory } from "./linear-memory.ts";
import { type LentMemory, SpareMemories } from "./spare-memories.ts";

function programOf(id: string): Program {
  return { id, modules: [], instantiations: [], heapBytes: 0, freshMemory: false, custom: [] };
}

function requestOf(initialPages: number, maximumPages = 100): MemoryRequest {
  return { initialPages, maximumPages, address64: false, shared: false };
}

/** A memory that somebody wrote all over. */
function written(request: MemoryRequest, uses = 0): LentMemory {
  const memory = linearMemory(request);
  new Uint8Array(memory.buffer).fill(7);
  return { request, memory, uses };
}

const PROGRAM = programOf("one");

/** Requests of so many kinds. */
function ofKinds(pages: number, address64: boolean): readonly MemoryRequest[] {
  return Array.from({ length: 40 }, (_, index) => ({ ...requestOf(pages, 100 + index), address64 }));
}

test("what is taken is clear, for the same program and a request of the same kind", () => {
  const spare = new SpareMemories();
  const lent = written(requestOf(2));
  spare.keep(PROGRAM, lent);
  assert.equal(spare.take(programOf("other"), requestOf(2)), undefined);
  assert.equal(spare.take(PROGRAM, requestOf(1)), undefined);
  assert.equal(spare.take(PROGRAM, requestOf(2, 99)), undefined);
  const again = spare.take(PROGRAM, requestOf(2));
  assert.equal(again?.memory, lent.memory);
  assert.ok(new Uint8Array(lent.memory.buffer).every((byte) => byte === 0));
  assert.equal(spare.take(PROGRAM, requestOf(2)), undefined, "it is there once");
});

test("what has grown, is shared, is large or was used often is not kept", () => {
  const spare = new SpareMemories();
  const grown = written(requestOf(1));
  (grown.memory as unknown as { readonly grow: (pages: number) => number }).grow(1);
  spare.keep(PROGRAM, grown);
  assert.equal(spare.take(PROGRAM, requestOf(1)), undefined);
  const shared = { ...requestOf(1), shared: true };
  spare.keep(PROGRAM, { request: shared, memory: linearMemory(shared), uses: 0 });
  assert.equal(spare.take(PROGRAM, shared), undefined);
  const large = requestOf((5 * 2 ** 20) / PAGE_BYTES);
  spare.keep(PROGRAM, { request: large, memory: linearMemory(large), uses: 0 });
  assert.equal(spare.take(PROGRAM, large), undefined);
  spare.keep(PROGRAM, written(requestOf(1), 10_000));
  assert.equal(spare.take(PROGRAM, requestOf(1)), undefined);
});

test("address space is bounded: memories of many kinds, of no pages and of 64-bit addresses", () => {
  const spare = new SpareMemories();
  const keptOf = (requests: readonly MemoryRequest[]): number => {
    for (const request of requests) spare.keep(PROGRAM, { request, memory: linearMemory(request), uses: 0 });
    return requests.filter((request) => spare.take(PROGRAM, request) !== undefined).length;
  };
  assert.equal(keptOf(ofKinds(1, false)), 16);
  assert.equal(keptOf(ofKinds(0, false)), 0);
  assert.equal(keptOf(ofKinds(1, true)), 8);
});

test("what is kept is bounded, by number and by bytes, until it is taken or forgotten", () => {
  const spare = new SpareMemories();
  const many = Array.from({ length: 20 }, () => written(requestOf(1)));
  for (const one of many) spare.keep(PROGRAM, one);
  let kept = 0;
  while (spare.take(PROGRAM, requestOf(1)) !== undefined) kept += 1;
  assert.equal(kept, 8);
  // Four of 4 MiB are all that there is room for.
  const request = requestOf(64);
  const programs = ["a", "b", "c", "d", "e", "f"].map(programOf);
  const keepAll = (): number => {
    for (const program of programs) spare.keep(program, { request, memory: linearMemory(request), uses: 0 });
    return programs.filter((program) => spare.take(program, request) !== undefined).length;
  };
  assert.equal(keepAll(), 4);
  for (const program of programs) spare.keep(program, { request, memory: linearMemory(request), uses: 0 });
  for (const program of programs) spare.forget(program);
  assert.equal(keepAll(), 4, "what was forgotten takes no room");
});
