import { PAGE_BYTES } from "../../../shared/plan/page-bytes.ts";
import type { Program } from "../../messages.ts";
import type { MemoryRequest } from "./guest-memory.ts";

/** The largest memory that is kept, and what all that a thread keeps may hold together, in bytes. */
const [MAX_MEMORY_BYTES, MAX_KEPT_BYTES] = [4 * 2 ** 20, 16 * 2 ** 20];

/** How many of one kind are kept: guests that wait beside each other take as many, and those are seldom more. */
const MAX_OF_KIND = 8;

/** How many are kept in all: each reserves 8 GiB of address space, whatever it holds, and those with 64-bit addresses twice as much. */
const MAX_KEPT = 16;

/** How often a memory is used. The engine notes in it who used it, and drops some of those notes only when they become many. */
const MAX_USES = 256;

/** A memory, and what it was made for. */
export interface LentMemory {
  readonly request: MemoryRequest;
  readonly memory: WebAssembly.Memory;
  readonly uses: number;
}

/**
 * Linear memories of a thread's instances that have ended, cleared, for further instances of the same sandbox. To make a memory takes
 * the kernel longer than to run a small guest, and has the engine collect garbage every few dozen calls. A memory that has grown
 * does not shrink, so it is not kept.
 */
export class SpareMemories {
  readonly #kept = new Map<Program, Map<string, LentMemory[]>>();
  #bytes = 0;
  #count = 0;

  /** One that is as if it were new; undefined when there is none. */
  take(program: Program, request: MemoryRequest): LentMemory | undefined {
    const found = this.#kept.get(program)?.get(kindOf(request))?.pop();
    if (found !== undefined) this.#removed(found);
    return found;
  }

  /** Clears a memory and keeps it, where that pays. Nothing may be left that could still write to it. */
  keep(program: Program, { request, memory, uses }: LentMemory): void {
    const bytes = request.initialPages * PAGE_BYTES;
    // One without pages is as soon made.
    if (bytes === 0 || this.#count + reservations(request) > MAX_KEPT) return;
    if (bytes > MAX_MEMORY_BYTES || this.#bytes + bytes > MAX_KEPT_BYTES || uses >= MAX_USES || request.shared) return;
    if (memory.buffer.byteLength !== bytes) return;
    let kinds = this.#kept.get(program);
    if (kinds === undefined) this.#kept.set(program, (kinds = new Map()));
    const kind = kindOf(request);
    let kept = kinds.get(kind);
    if (kept === undefined) kinds.set(kind, (kept = []));
    if (kept.length >= MAX_OF_KIND) return;
    new Uint8Array(memory.buffer).fill(0);
    kept.push({ request, memory, uses: uses + 1 });
    this.#bytes += bytes;
    this.#count += reservations(request);
  }

  /** Drops those of a program that is not used any more. */
  forget(program: Program): void {
    for (const kept of this.#kept.get(program)?.values() ?? []) for (const one of kept) this.#removed(one);
    this.#kept.delete(program);
  }

  /** Drops all: there is no address space left for another. */
  clear(): void {
    this.#kept.clear();
    this.#bytes = 0;
    this.#count = 0;
  }

  #removed({ request }: LentMemory): void {
    this.#bytes -= request.initialPages * PAGE_BYTES;
    this.#count -= reservations(request);
  }
}

function reservations({ address64 }: MemoryRequest): number {
  return address64 ? 2 : 1;
}

/** Memories of one kind can stand for each other. */
function kindOf({ initialPages, maximumPages, address64 }: MemoryRequest): string {
  return `${initialPages} ${maximumPages} ${address64}`;
}
