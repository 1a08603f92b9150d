import { TYPE_KEY_BYTES } from "../../hardening/read/type-keys.ts";
import { CordonError } from "../../shared/errors.ts";
import { KeySet } from "./key-set.ts";
import { processCount } from "./process-count.ts";

/**
 * What the types of all components together may count for that a process compiles. The engine keeps each for the life of the process,
 * in some 200 bytes, and ends the process at 2,000,000; the rest is left to modules that are not Cordon's.
 */
const MAX_TYPES = 500_000;

/** The shares of it at which the embedder is warned. */
const WARNED_AT = [0.5, 0.9];

/** By which name the count is found by threads of the embedder's that load Cordon, too. */
const COUNT = "cordon:engine-types";

/** Who is notified when the process comes near the number of types at which it loads no more new ones. */
export type Warn = (message: string) => void;

/** Counts the types that components have given to the engine in this process, each once. */
export class EngineTypes {
  readonly #seen = new KeySet();
  /** One number, shared by all threads that count. */
  readonly #count: Int32Array;
  readonly #max: number;
  readonly #warn: Warn;

  constructor(count: Int32Array, max: number, warn: Warn) {
    this.#count = count;
    this.#max = max;
    this.#warn = warn;
  }

  /**
   * Counts the types of a component that is about to be compiled, those that are new.
   *
   * @param keys As in its artifact.
   * @throws CordonError `limit` when there is no room for them; then none is counted.
   */
  admit(keys: Uint8Array): void {
    const added: Uint8Array[] = [];
    let weight = 0;
    for (let at = 0; at < keys.length; at += TYPE_KEY_BYTES) {
      const key = keys.subarray(at, at + TYPE_KEY_BYTES);
      if (this.#seen.has(key)) continue;
      added.push(key);
      weight += key[TYPE_KEY_BYTES - 1] ?? 0;
    }
    if (weight === 0) return;
    const before = Atomics.add(this.#count, 0, weight);
    if (before + weight > this.#max) {
      Atomics.sub(this.#count, 0, weight);
      throw this.#full(before, weight);
    }
    for (const key of added) this.#seen.add(key);
    const share = WARNED_AT.findLast((one) => before < one * this.#max && before + weight >= one * this.#max);
    if (share !== undefined) this.#warn(this.#warning(before + weight));
  }

  #warning(used: number): string {
    return (
      `Components that this process has loaded have ${used} different function types, which the engine keeps until it ends. ` +
      `At ${this.#max}, components with further ones are refused: start the process anew before, or open them with isolation "process"`
    );
  }

  #full(used: number, wanted: number): CordonError {
    return new CordonError(
      "limit",
      `Cannot load the component: it has ${wanted} function types that are new to this process, where ${used} of ${this.#max} are used ` +
        'up, for the engine keeps them until the process ends; start the process anew, or open it with isolation "process"',
      { limit: { limit: "complexity", cap: this.#max, used: used + wanted } },
    );
  }
}

const warn: Warn = (message) => process.emitWarning(message, { type: "CordonWarning", code: "CORDON_ENGINE_TYPES" });

let ofThisThread: EngineTypes | undefined;

/** The account of this process, as far as its threads know of one another. */
export function engineTypes(): EngineTypes {
  if (ofThisThread === undefined) {
    const { count, max } = processCount(COUNT, MAX_TYPES);
    ofThisThread = new EngineTypes(count, max, warn);
  }
  return ofThisThread;
}
