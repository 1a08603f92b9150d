/** The words of a 64-bit number. */
export interface Inode {
  readonly low: number;
  readonly high: number;
}

type Key = readonly [Inode, Inode];

/** Drawn once for each process and thread, so that no guest can compute an inode's number from what it gets. */
let key: Key | undefined;

/**
 * The number that guests of preview 1 know a file by: the same for all names of it, and while it is modified; it reveals nothing of the
 * host's number. Never 0, which some libraries take for none.
 */
export function guestInode({ dev, ino }: { readonly dev: bigint; readonly ino: bigint }): Inode {
  const numbers = new BigUint64Array([BigInt.asUintN(64, dev), BigInt.asUintN(64, ino)]);
  return hashed(new Uint8Array(numbers.buffer));
}

/**
 * A number for an entry of a folder whose inode was not read: the same each time for this name there. It is made of what the guest knows,
 * so it need not be hard to guess, and is quick.
 */
export function inodeOfName(folder: Inode, name: string): Inode {
  let low = folder.low | 1;
  let high = folder.high ^ 0x85ebca6b;
  for (let at = 0; at < name.length; at += 1) {
    const unit = name.charCodeAt(at);
    low = Math.imul(low ^ unit, 0x9e3779b1);
    high = Math.imul(high ^ unit, 0x5f356495);
  }
  low ^= high >>> 15;
  high = Math.imul(high ^ (low >>> 13), 0x85ebca6b);
  low = Math.imul(low ^ (high >>> 16), 0xc2b2ae35);
  // Not 0.
  return { low: (low ^ (low >>> 16) || 1) >>> 0, high: high >>> 0 };
}

/** The number in one. */
export function inodeValue({ low, high }: Inode): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}

function hashed(bytes: Uint8Array): Inode {
  key ??= drawnKey();
  const hash = sipHash(key, bytes);
  return hash.low === 0 && hash.high === 0 ? { low: 1, high: 0 } : hash;
}

function drawnKey(): Key {
  const [a = 0, b = 0, c = 0, d = 0] = crypto.getRandomValues(new Uint32Array(4));
  return [
    { low: a, high: b },
    { low: c, high: d },
  ];
}

/**
 * SipHash-2-4 (https://www.aumasson.jp/siphash/siphash.pdf), in words of 32 bits: numbers of arbitrary size
 * would take ten times as long.
 */
export function sipHash([key0, key1]: Key, bytes: Uint8Array): Inode {
  // v0 to v3, each as its low word and its high one.
  const v = new Uint32Array([
    key0.low ^ 0x70736575,
    key0.high ^ 0x736f6d65,
    key1.low ^ 0x6e646f6d,
    key1.high ^ 0x646f7261,
    key0.low ^ 0x6e657261,
    key0.high ^ 0x6c796765,
    key1.low ^ 0x79746573,
    key1.high ^ 0x74656462,
  ]);
  const byte = (at: number): number => bytes[at] ?? 0;
  const word = (at: number): number => byte(at) | (byte(at + 1) << 8) | (byte(at + 2) << 16) | (byte(at + 3) << 24);
  const whole = bytes.length - (bytes.length % 8);
  for (let at = 0; at <= whole; at += 8) {
    const low = word(at);
    // The last word ends with the length.
    const high = at < whole ? word(at + 4) : word(at + 4) | (bytes.length << 24);
    xor(v, 3, low, high);
    round(v);
    round(v);
    xor(v, 0, low, high);
  }
  xor(v, 2, 0xff, 0);
  for (let rounds = 0; rounds < 4; rounds += 1) round(v);
  return {
    low: ((v[0] ?? 0) ^ (v[2] ?? 0) ^ (v[4] ?? 0) ^ (v[6] ?? 0)) >>> 0,
    high: ((v[1] ?? 0) ^ (v[3] ?? 0) ^ (v[5] ?? 0) ^ (v[7] ?? 0)) >>> 0,
  };
}

function round(v: Uint32Array): void {
  add(v, 0, 1);
  rotate(v, 1, 13);
  xor(v, 1, v[0] ?? 0, v[1] ?? 0);
  rotate(v, 0, 32);
  add(v, 2, 3);
  rotate(v, 3, 16);
  xor(v, 3, v[4] ?? 0, v[5] ?? 0);
  add(v, 0, 3);
  rotate(v, 3, 21);
  xor(v, 3, v[0] ?? 0, v[1] ?? 0);
  add(v, 2, 1);
  rotate(v, 1, 17);
  xor(v, 1, v[4] ?? 0, v[5] ?? 0);
  rotate(v, 2, 32);
}

function add(v: Uint32Array, to: number, from: number): void {
  const low = (v[2 * to] ?? 0) + (v[2 * from] ?? 0);
  v[2 * to + 1] = (v[2 * to + 1] ?? 0) + (v[2 * from + 1] ?? 0) + (low > 0xffffffff ? 1 : 0);
  v[2 * to] = low;
}

function xor(v: Uint32Array, to: number, low: number, high: number): void {
  v[2 * to] = (v[2 * to] ?? 0) ^ low;
  v[2 * to + 1] = (v[2 * to + 1] ?? 0) ^ high;
}

/** To the left. */
function rotate(v: Uint32Array, at: number, bits: number): void {
  const [low, high] = [v[2 * at] ?? 0, v[2 * at + 1] ?? 0];
  if (bits === 32) {
    v[2 * at] = high;
    v[2 * at + 1] = low;
    return;
  }
  v[2 * at] = (low << bits) | (high >>> (32 - bits));
  v[2 * at + 1] = (high << bits) | (low >>> (32 - bits));
}
