/** What all typed arrays of this realm inherit from; its accessors work on those of other realms as well. */
const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;

/**
 * The same bytes as an array of this realm, without a copy. What a guest passes was made in a realm of its own, whose methods
 * are not the host's to trust. Throws a `TypeError` for what is no typed array.
 */
export function realmBytes(given: Uint8Array): Uint8Array {
  const buffer = Reflect.get(typedArray, "buffer", given) as ArrayBuffer;
  const offset = Reflect.get(typedArray, "byteOffset", given) as number;
  return new Uint8Array(buffer, offset, Reflect.get(typedArray, "byteLength", given) as number);
}
