/** Encodes an unsigned integer as LEB128, in as few bytes as it takes. */
export function unsignedLeb128(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt(value);
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low | 0x80);
  } while (rest !== 0n);
  return Uint8Array.from(bytes);
}

/** Encodes a signed integer as LEB128, in as few bytes as it takes. */
export function signedLeb128(value: number | bigint): number[] {
  const bytes: number[] = [];
  for (let rest = BigInt(value); ;) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    const isLast = rest === 0n ? low < 0x40 : rest === -1n && low >= 0x40;
    bytes.push(isLast ? low : low | 0x80);
    if (isLast) return bytes;
  }
}
