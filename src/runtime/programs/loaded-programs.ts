import type { Program } from "../messages.ts";

/** What the programs that a worker keeps ready may take of its heap together, in bytes; see {@link sizeOf}. */
const MAX_BYTES = 64 * 1024 * 1024;

/** What any program takes, and what each part of a plan does, in bytes. */
const [PROGRAM_BYTES, PART_BYTES] = [1024 * 1024, 300];

/** Which programs a worker has. The ones that were used last stay; they are soon made ready again. */
export class LoadedPrograms {
  /** Sizes by id, that of the program that was used last at the end. */
  readonly #programs = new Map<string, number>();
  #bytes = 0;
  #last: string | undefined;

  has(id: string): boolean {
    return this.#programs.has(id);
  }

  /** Notes that a program is used. Returns those that the worker has to forget for it. */
  use(program: Program): readonly string[] {
    if (this.#last === program.id) return [];
    const bytes = this.#programs.get(program.id) ?? sizeOf(program);
    this.delete(program.id);
    this.#programs.set(program.id, bytes);
    this.#last = program.id;
    this.#bytes += bytes;
    let surplus = this.#bytes - MAX_BYTES;
    const forgotten: string[] = [];
    for (const [id, size] of this.#programs) {
      if (surplus <= 0 || id === program.id) break;
      surplus -= size;
      forgotten.push(id);
    }
    return forgotten;
  }

  /** Notes that a program is forgotten. */
  delete(id: string): void {
    this.#bytes -= this.#programs.get(id) ?? 0;
    this.#programs.delete(id);
    if (this.#last === id) this.#last = undefined;
  }
}

/** About what a program takes of the heap of a worker that has it, in bytes. */
function sizeOf({ component }: Program): number {
  if (component === undefined) return PROGRAM_BYTES;
  const { functions, coreFunctions, types, steps } = component.plan;
  let parts = functions.length + coreFunctions.length + types.length;
  let names = 0;
  for (const step of steps) {
    if (step.step !== "instantiate") continue;
    parts += step.arguments.length;
    for (const { module, name, item } of step.arguments) {
      names += module.length + name.length + (item.from === "export" ? item.name.length : 0);
    }
  }
  return PROGRAM_BYTES + parts * PART_BYTES + names;
}
