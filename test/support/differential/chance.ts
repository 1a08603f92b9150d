import { seeded } from "../../../src/host/random/pseudo-random.ts";

/** Choices that are the same for the same seed. */
export class Chance {
  readonly #generator: ReturnType<typeof seeded>;

  constructor(seed: number, name: string) {
    this.#generator = seeded(BigInt(seed), name);
  }

  /** A whole number from 0 up to and without `bound`. */
  below(bound: number): number {
    return this.#generator.next() % bound;
  }

  /** Whether it happens this time, with so many chances in a hundred. */
  in100(chances: number): boolean {
    return this.below(100) < chances;
  }

  pick<T>(from: readonly [T, ...T[]]): T {
    return from[this.below(from.length)] ?? from[0];
  }

  list<T>(length: number, make: (index: number) => T): readonly T[] {
    return Array.from({ length }, (_, index) => make(index));
  }
}
