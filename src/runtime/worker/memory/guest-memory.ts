import { memoryField } from "../../../shared/plan/hardening-profile.ts";
import type { Limits } from "../../../shared/limits/limits.ts";
import { PAGE_BYTES } from "../../../shared/plan/page-bytes.ts";
import type { Program } from "../../messages.ts";
import { linearMemory } from "./linear-memory.ts";
import { initialPages, MemoryCapTooSmall, memoryMaximum } from "./memory-allotment.ts";
import type { LentMemory, SpareMemories } from "./spare-memories.ts";

/** A linear memory to be made. Sizes are in 64 KiB pages. */
export interface MemoryRequest {
  readonly initialPages: number;
  readonly maximumPages: number;
  readonly address64: boolean;
  readonly shared: boolean;
}

/** What one core instance is made of. */
export interface CoreInstancePlan {
  readonly module: WebAssembly.Module;
  /** The index of that among those of the program. */
  readonly index: number;
  /** By the names its module imports them by. */
  readonly memories: Readonly<Record<string, WebAssembly.Memory>>;
}

/** What an invocation's memories may take. */
export type MemoryLimits = Pick<Limits, "memoryBytes" | "reservedMemoryBytes" | "memoryGrowthBytesPerSecond">;

/**
 * The linear memories of one invocation: hands out each instance's, in the planned order, and decides about their growth. The cap is
 * for all of them together, whichever of them grows.
 */
export class GuestMemory {
  readonly #program: Program;
  readonly #limits: MemoryLimits;
  readonly #tally: (pages: number) => void;
  readonly #spare: SpareMemories | undefined;
  readonly #made: LentMemory[] = [];
  readonly #capPages: number;
  #startedAt = performance.now();
  /** Pages that the memories have or were allowed to grow by. Linear memory never shrinks. */
  #pages: number;
  #instances = 0;

  /**
   * @param tally Called with the pages by which all memories of the thread are to become more, or fewer.
   * @param spare Where memories come from that are used again, and go to.
   * @throws MemoryCapTooSmall when the memories do not fit under the cap from the start.
   */
  constructor(
    program: Program,
    limits: MemoryLimits,
    tally: (pages: number) => void = () => undefined,
    spare?: SpareMemories,
  ) {
    this.#program = program;
    this.#spare = program.freshMemory ? undefined : spare;
    this.#limits = limits;
    this.#tally = tally;
    this.#capPages = Math.floor(limits.memoryBytes / PAGE_BYTES);
    this.#pages = initialPages(program);
    if (this.#pages > this.#capPages) throw new MemoryCapTooSmall(this.#pages * PAGE_BYTES);
    tally(this.#pages);
  }

  /** The next core instance. The sum of the initial sizes was compared with the cap for exactly this sequence of instances. */
  next(name: string): CoreInstancePlan {
    const index = this.#program.modules.findIndex((candidate) => candidate.name === name);
    const compiled = this.#program.modules[index];
    if (compiled === undefined || this.#program.instantiations[this.#instances] !== name) {
      throw new Error("the component made an instance that was not in its plan");
    }
    this.#instances += 1;
    const memories = Object.create(null) as Record<string, WebAssembly.Memory>;
    for (const [position, memory] of compiled.memories.entries()) {
      memories[memoryField(position)] = this.#make({
        initialPages: memory.initialPages,
        maximumPages: memoryMaximum(memory, this.#capPages),
        address64: memory.address64,
        shared: memory.shared,
      });
    }
    return { module: compiled.module, index, memories };
  }

  #make(request: MemoryRequest): WebAssembly.Memory {
    const lent = this.#spare?.take(this.#program, request) ?? { request, memory: this.#fresh(request), uses: 0 };
    if (this.#spare !== undefined) this.#made.push(lent);
    return lent.memory;
  }

  #fresh(request: MemoryRequest): WebAssembly.Memory {
    try {
      return linearMemory(request);
    } catch (thrown) {
      if (this.#spare === undefined) throw thrown;
      this.#spare.clear();
      return linearMemory(request);
    }
  }

  /** What they may grow by counts from now on. */
  begin(): void {
    this.#startedAt = performance.now();
  }

  /** Has the memories be used again. Only for when nothing is left that could still read or write them. */
  recycle(): void {
    for (const lent of this.#made.splice(0)) this.#spare?.keep(this.#program, lent);
  }

  /** Whether a memory may grow by so many pages, and takes note of it; negative pages could not be had, and are given back. */
  grow(pages: number): boolean {
    const after = this.#pages + pages;
    if (pages > 0 && (after > this.#capPages || after * PAGE_BYTES > this.#allowedBytes())) return false;
    this.#tally(Math.max(0, after) - this.#pages);
    this.#pages = Math.max(0, after);
    return true;
  }

  /** Nobody needs the memories any more. */
  release(): void {
    this.#tally(-this.#pages);
  }

  /** What the memories hold, in bytes, which is also the most they ever held. */
  get bytes(): number {
    return this.#pages * PAGE_BYTES;
  }

  #allowedBytes(): number {
    const { reservedMemoryBytes, memoryGrowthBytesPerSecond } = this.#limits;
    return reservedMemoryBytes + (memoryGrowthBytesPerSecond * (performance.now() - this.#startedAt)) / 1000;
  }
}
