import type { Faults } from "./faults.ts";
import { isPlain, memberPath, type Shape } from "./shape.ts";

/** How deep lists and objects may lie in each other. Grants go four deep. */
const MAX_DEPTH = 16;

/**
 * Data of lists and plain objects, copied whole, for what is read by a parser of its own: that meets no accessor, no proxy, and nothing
 * that changes between a check and its use.
 */
export function plainCopy<T>(): Shape<T> {
  return (value, path, faults) => copied(value, path, faults, 0) as T;
}

function copied(value: unknown, path: string, faults: Faults, depth: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (depth > MAX_DEPTH) {
    faults.add(path, "it is nested too deep, or in itself");
    return undefined;
  }
  try {
    if (Array.isArray(value)) {
      return Array.from(value, (one, index) => copied(one, memberPath(path, index), faults, depth + 1));
    }
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
      const member = copied(Reflect.get(value, key), at, faults, depth + 1);
      // A key such as `__proto__` is a key like any other, which its reader refuses.
      Object.defineProperty(copy, key, { value: member, enumerable: true, configurable: true, writable: true });
    }
    return copy;
  } catch (thrown) {
    faults.addThrown(path, thrown);
    return undefined;
  }
}
