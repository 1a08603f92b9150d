/**
 * Bounds the work of one scan that could grow faster than its input: folding, decoding and looking into texts. Counted
 * in characters; there is no clock in the sandbox.
 */
export class Budget {
  #left: number;
  /** True once something was refused. */
  exhausted = false;

  constructor(characters: number) {
    this.#left = characters;
  }

  /** Takes `characters` from the budget; false, taking nothing, when so many are not left. */
  spend(characters: number): boolean {
    if (characters > this.#left) {
      this.exhausted = true;
      return false;
    }
    this.#left -= characters;
    return true;
  }
}
