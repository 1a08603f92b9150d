import { readSections, SECTION, type Section, wellFormed } from "../hardening/read/module-sections.ts";
import { readTypes } from "../hardening/read/type-section.ts";
import { TYPE_KEY_BYTES, typeKeys, weightOf } from "../hardening/read/type-keys.ts";
import { tooComplex } from "./too-complex.ts";

/**
 * What the function types of a component's core modules may count for together: one each, and more for those with many parameters. Those
 * of a Python interpreter with its libraries, in 14 modules, count for 1,300. Types are kept by the engine for the life of the process.
 */
const MAX_TYPES = 25_000;

/**
 * Bounds the types of a component's core modules.
 *
 * @throws CordonError `limit`, or `invalid-component` when a type section is malformed.
 */
export function boundTypes(modules: readonly Uint8Array[]): void {
  let weight = 0;
  for (const module of modules) {
    weight += weightOfTypes(readSections(module));
    if (weight > MAX_TYPES) throw tooComplex("function types in its core modules", weight, MAX_TYPES);
  }
}

function weightOfTypes(sections: readonly Section[]): number {
  const section = sections.find(({ id }) => id === SECTION.type);
  if (section === undefined) return 0;
  return wellFormed(() => {
    const { count, parametersOf, resultsOf } = readTypes(section.content);
    let weight = 0;
    for (let index = 0; index < count; index += 1) {
      weight += weightOf({ parameters: parametersOf(index), results: resultsOf(index) });
    }
    return weight;
  });
}

/**
 * The keys of the types of all core modules, each once: what the engine will keep of them.
 *
 * @param modules Hardened, as they are given to the engine.
 * @throws CordonError as {@link boundTypes}.
 */
export function boundedTypeKeys(modules: readonly { readonly bytes: Uint8Array }[]): Uint8Array {
  boundTypes(modules.map(({ bytes }) => bytes));
  const distinct = new Map<string, Uint8Array>();
  for (const { bytes } of modules) {
    const keys = typeKeys(readSections(bytes));
    for (let at = 0; at < keys.length; at += TYPE_KEY_BYTES) {
      const key = keys.subarray(at, at + TYPE_KEY_BYTES);
      distinct.set(Buffer.from(key).toString("latin1"), key);
    }
  }
  return Buffer.concat([...distinct.values()]);
}
