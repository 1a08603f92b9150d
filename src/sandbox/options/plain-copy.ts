import type { Faults } from "./faults.ts";
import { isPlain, memberPath, type Shape } from "./shape.ts";

/** How deep lists and objects may lie in each other. Grants go four deep. */
const MAX_DEPTH = 16;

/** How many values there may be, one that is there twice counted twice. Real grants have some dozens. */
const MAX_VALUES = 100_000;

/** One copy under way. */
interface Copying {
  readonly faults: Faults;
  /** How many values there may still be. */
  left: number;
}

class TooManyValues extends Error {}

/**
 * Data of lists and plain objects, copied whole, for what is read by a parser of its own: that meets no accessor, no proxy, and nothing
 * that changes between a check and its use. Bounded, before anything is made of it.
 */
export function plainCopy<T>(): Shape<T> {
  return (value, path, faults) => {
    try {
      return copied(value, path, { faults, left: MAX_VALUES }, 0) as T;
    } catch (thrown) {
      if (!(thrown instanceof TooManyValues)) throw thrown;
      faults.add(path, `it holds more than ${MAX_VALUES} values`);
      return undefined;
    }
  };
}

function copied(value: unknown, path: string, copying: Copying, depth: number): unknown {
  const { faults } = copying;
  copying.left -= 1;
  if (copying.left < 0) throw new TooManyValues();
  if (typeof value !== "object" || value === null) return value;
  if (depth > MAX_DEPTH) {
    faults.add(path, "it is nested too deep, or in itself");
    return undefined;
  }
  try {
    if (Array.isArray(value)) return copiedList(value, path, copying, depth);
    if (!isPlain(value)) {
      faults.add(path, "it is no plain object");
      return undefined;
    }
    const copy: Record<string, unknown> = {};
    for (const key of Reflect.ownKeys(value)) {
      const at = memberPath(path, key);
      if (typeof key === "symbol") {
        faults.add(at, "a symbol names nothing");
        continue;
      }
      const member = copied(Reflect.get(value, key), at, copying, depth + 1);
      // A key such as `__proto__` is a key like any other, which its reader refuses.
      Object.defineProperty(copy, key, { value: member, enumerable: true, configurable: true, writable: true });
    }
    return copy;
  } catch (thrown) {
    if (thrown instanceof TooManyValues) throw thrown;
    faults.addThrown(path, thrown);
    return undefined;
  }
}

/** By index, since a list may have an iterator of its own. */
function copiedList(list: readonly unknown[], path: string, copying: Copying, depth: number): unknown[] {
  const { length } = list;
  if (length > copying.left) throw new TooManyValues();
  return Array.from({ length }, (_, index) => copied(list[index], memberPath(path, index), copying, depth + 1));
}
