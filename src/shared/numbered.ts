/**
 * Values by number, for what comes and goes at every call in something that stays. V8's `Map` and `Set` grow and shrink by making another
 * table, to which the one before refers, with what was in it: when one of them has become old, all that follow are kept until the
 * next full collection, and so are the calls that were in them. An object has no such chain.
 */
export class Numbered<T> {
  #values = Object.create(null) as Record<number, T>;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(number: number): T | undefined {
    return this.#values[number];
  }

  has(number: number): boolean {
    return number in this.#values;
  }

  set(number: number, value: T): void {
    if (!this.has(number)) this.#size += 1;
    this.#values[number] = value;
  }

  /** Whether there was one. */
  delete(number: number): boolean {
    if (!this.has(number)) return false;
    this.#size -= 1;
    Reflect.deleteProperty(this.#values, number);
    return true;
  }

  clear(): void {
    this.#values = Object.create(null) as Record<number, T>;
    this.#size = 0;
  }

  /** All there are now, by their numbers. */
  values(): readonly T[] {
    return Object.values(this.#values);
  }
}
