import { memoryField } from "../../shared/hardening-profile.ts";
import type { Program } from "../messages.ts";
import type { CoreInstancePlan } from "./realm-prelude.ts";
import { allotMemory, type InstanceMaxima } from "./memory-allotment.ts";

/** The linear memories of one invocation: hands out each instance's, in the planned order, and adds up what they hold. */
export class GuestMemory {
  readonly #program: Program;
  readonly #maxima: readonly InstanceMaxima[];
  readonly #memories: WebAssembly.Memory[] = [];
  #instances = 0;

  /** @throws MemoryCapTooSmall when the memories do not fit under the cap from the start. */
  constructor(program: Program, capBytes: number) {
    this.#program = program;
    this.#maxima = allotMemory(program, capBytes);
  }

  /** The next core instance. The sum of all maxima was fixed for exactly this sequence of instances. */
  next(name: string): CoreInstancePlan {
    const index = this.#instances;
    this.#instances += 1;
    const compiled = this.#program.modules.find((candidate) => candidate.name === name);
    const maxima = this.#maxima[index];
    if (compiled === undefined || this.#program.instantiations[index] !== name || maxima === undefined) {
      throw new Error("the component made an instance that was not in its plan");
    }
    const memories = compiled.memories.map((memory, position) => ({
      field: memoryField(position),
      initialPages: memory.initialPages,
      maximumPages: maxima[position] ?? memory.initialPages,
      address64: memory.address64,
    }));
    return { module: compiled.module, memories };
  }

  /** Takes note of a memory that was made. */
  track(memory: WebAssembly.Memory): void {
    this.#memories.push(memory);
  }

  /** What the memories hold, in bytes. Linear memory never shrinks, so this is also the most they ever held. */
  get bytes(): number {
    return this.#memories.reduce((total, memory) => total + memory.buffer.byteLength, 0);
  }
}
