import { ByteReader } from "../shared/byte-reader.ts";

/** What a position in a hardened module was. */
export type Original =
  /** The byte in the module as it was. */
  | { readonly kind: "own"; readonly offset: number }
  /** It is in a function that was added. */
  | { readonly kind: "added" }
  /** There is no such function, or it has no such byte. */
  | { readonly kind: "unknown" };

/**
 * What a byte of a hardened module was, which is in a function of this index.
 *
 * @param positions What `encodePositions` made.
 */
export function originalPosition(positions: Uint8Array, index: number, position: number): Original {
  const reader = new ByteReader(positions);
  const [imported, bodies, passes] = [reader.u32(), reader.u32(), reader.u32()];
  if (index < imported) return { kind: "unknown" };
  if (index >= imported + bodies) return { kind: "added" };
  let [before, after] = [0, 0];
  for (let body = imported; body <= index; body += 1) {
    before += reader.u32();
    after += reader.u32();
    const size = reader.u32();
    const logs = Array.from({ length: passes }, () => reader.bytes(reader.u32()));
    if (body < index) continue;
    if (position < after || position >= after + size) break;
    return { kind: "own", offset: before + logs.reduce(sourceOf, position - after) };
  }
  return { kind: "unknown" };
}

/** Where a byte of a body was before a pass. */
function sourceOf(written: number, noted: Uint8Array): number {
  const reader = new ByteReader(noted);
  let [at, source, length] = [0, 0, reader.remaining === 0 ? Number.MAX_SAFE_INTEGER : 0];
  let [nextAt, nextSource] = [0, 0];
  while (reader.remaining > 0) {
    nextAt += reader.u32();
    nextSource += reader.s33();
    const nextLength = reader.u32();
    if (nextAt > written) break;
    [at, source, length] = [nextAt, nextSource, nextLength];
  }
  return source + Math.min(written - at, length);
}
