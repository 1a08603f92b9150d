import { readSections } from "../hardening/read/module-sections.ts";
import { TYPE_KEY_BYTES, typeKeys, weightOfKeys } from "../hardening/read/type-keys.ts";
import { tooComplex } from "./too-complex.ts";

/**
 * What the function types of a component's core modules may count for together: one each, and more for those with many parameters. Those
 * of a Python interpreter with its libraries, in 14 modules, count for 1,300. Types are kept by the engine for the life of the process.
 */
const MAX_TYPES = 25_000;

/**
 * Bounds the types of a component's core modules, hardened as they are given to the engine, before they are.
 *
 * @returns The keys of those that differ, one after the other.
 * @throws CordonError `limit`.
 */
export function boundTypes(modules: readonly { readonly bytes: Uint8Array }[]): Uint8Array {
  const distinct = new Map<string, Uint8Array>();
  let weight = 0;
  for (const { bytes } of modules) {
    const keys = typeKeys(readSections(bytes));
    weight += weightOfKeys(keys);
    if (weight > MAX_TYPES) throw tooComplex("function types in its core modules", weight, MAX_TYPES);
    for (let at = 0; at < keys.length; at += TYPE_KEY_BYTES) {
      const key = keys.subarray(at, at + TYPE_KEY_BYTES);
      distinct.set(Buffer.from(key).toString("latin1"), key);
    }
  }
  return Buffer.concat([...distinct.values()]);
}
