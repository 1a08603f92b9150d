/** How many programs a worker keeps ready: each takes about a megabyte of its heap, and is soon made ready again. */
const MAX_PROGRAMS = 64;

/** The glue of all of them together, in UTF-16 code units; parsed, it takes several times that of a worker's heap. */
const MAX_GLUE = 16 * 1024 * 1024;

/** What a worker has of programs: the glue alone, or all of it. The ones that were used last stay. */
export class LoadedPrograms {
  /** By id, the one that was used last at the end. */
  readonly #programs = new Map<string, { readonly glue: number; readonly isWhole: boolean }>();
  #glue = 0;

  /** Whether the worker has all of a program. */
  isWhole(id: string): boolean {
    return this.#programs.get(id)?.isWhole === true;
  }

  /** Notes that a program is used, with the length of its glue. Returns those that the worker has to forget for it. */
  use(id: string, glue: number, isWhole: boolean): readonly string[] {
    this.delete(id);
    this.#programs.set(id, { glue, isWhole });
    this.#glue += glue;
    const forgotten: string[] = [];
    let kept = this.#programs.size;
    let length = this.#glue;
    for (const [oldest, program] of this.#programs) {
      if (oldest === id || (kept <= MAX_PROGRAMS && length <= MAX_GLUE)) break;
      forgotten.push(oldest);
      kept -= 1;
      length -= program.glue;
    }
    return forgotten;
  }

  /** Notes that a program is forgotten. */
  delete(id: string): void {
    this.#glue -= this.#programs.get(id)?.glue ?? 0;
    this.#programs.delete(id);
  }
}
