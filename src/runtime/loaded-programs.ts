/** How many programs a worker keeps ready: each takes about a megabyte of its heap, and is soon made ready again. */
const MAX_PROGRAMS = 64;

/** Which programs a worker has. The ones that were used last stay. */
export class LoadedPrograms {
  /** By id, the one that was used last at the end. */
  readonly #programs = new Set<string>();

  has(id: string): boolean {
    return this.#programs.has(id);
  }

  /** Notes that a program is used. Returns those that the worker has to forget for it. */
  use(id: string): readonly string[] {
    this.#programs.delete(id);
    this.#programs.add(id);
    const surplus = this.#programs.size - MAX_PROGRAMS;
    return surplus > 0 ? [...this.#programs].slice(0, surplus) : [];
  }

  /** Notes that a program is forgotten. */
  delete(id: string): void {
    this.#programs.delete(id);
  }
}
