import { CordonError } from "../../shared/errors.ts";

const DURATION_UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

const FINE_DURATION_UNITS_NS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 };

const SIZE_UNITS: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1000,
  mb: 1000 ** 2,
  gb: 1000 ** 3,
  tb: 1000 ** 4,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
  ki: 1024,
  mi: 1024 ** 2,
  gi: 1024 ** 3,
  ti: 1024 ** 4,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
  tib: 1024 ** 4,
};

const AMOUNT_UNITS: Readonly<Record<string, number>> = { k: 1e3, m: 1e6, g: 1e9, t: 1e12 };

/** How each kind of quantity is written, by the placeholder that stands for it in the help of a flag. */
export const QUANTITIES: Readonly<Record<string, string>> = {
  AMOUNT: "a number such as 500M or 20G; K, M, G and T are thousands, millions, billions and so on",
  COUNT: "a whole number",
  DURATION: "500ms, 5s, 2m or 1h, and for clocks 100ns or 50us too; without a unit it is in seconds: 500 is 500s",
  RATE: "a SIZE for each second, such as 1MiB/s",
  SHARE: "percent, such as 50%",
  SIZE: "64MiB, 512K or 1GB; without a unit it is in bytes. K and KiB are 1,024 bytes, KB is 1,000, and so on",
};

/** The least and the most that a flag takes, both inclusive. */
export type Bounds = readonly [minimum: number, maximum: number];

/**
 * Reads a duration such as `500ms`, `1.5s`, `2m`; a bare number is in seconds. Returns milliseconds.
 *
 * @throws CordonError `usage` when it is none, or out of bounds.
 */
export function parseDuration(text: string, flag: string, bounds: Bounds): number {
  const value = parseQuantity(text, DURATION_UNITS_MS, 1000);
  return within(value, bounds, text, flag, "a duration such as 500ms, 5s or 2m", "ms");
}

/**
 * Reads a short duration such as `100ns`, `50us`, `1ms`, `1s`; a bare number is in seconds. Returns nanoseconds.
 *
 * @throws CordonError `usage` when it is none, or out of bounds.
 */
export function parseFineDuration(text: string, flag: string, bounds: Bounds): number {
  const value = parseQuantity(text, FINE_DURATION_UNITS_NS, 1e9);
  return within(value, bounds, text, flag, "a duration such as 100ns, 50us or 1ms", "ns");
}

/**
 * Reads a whole number such as `128`.
 *
 * @throws CordonError `usage` when it is none, or out of bounds.
 */
export function parseCount(text: string, flag: string, bounds: Bounds): number {
  const value = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
  return within(value, bounds, text, flag, "a whole number", "");
}

/**
 * Reads a size such as `64MiB`, `512K`, `1GB`; a bare number is in bytes. `K`, `KI` and `KiB` are 1,024, `KB` is 1,000.
 * Returns bytes.
 *
 * @throws CordonError `usage` when it is none, or out of bounds.
 */
export function parseSize(text: string, flag: string, bounds: Bounds): number {
  const value = parseQuantity(text, SIZE_UNITS, 1);
  return within(value, bounds, text, flag, "a size such as 64MiB, 512K or 1GB", "bytes");
}

/**
 * Reads an amount such as `500M` or `20G`; `K`, `M`, `G` and `T` are powers of a thousand.
 *
 * @throws CordonError `usage` when it is none, or out of bounds.
 */
export function parseAmount(text: string, flag: string, bounds: Bounds): number {
  const value = parseQuantity(text, AMOUNT_UNITS, 1);
  return within(value, bounds, text, flag, "an amount such as 500M or 20G", "");
}

/**
 * Reads a share such as `50%` or `50`. Returns percent.
 *
 * @throws CordonError `usage` when it is none, or out of bounds.
 */
export function parseShare(text: string, flag: string, bounds: Bounds): number {
  const value = /^\d{1,3}%?$/.test(text) ? Number.parseInt(text, 10) : Number.NaN;
  return within(value, bounds, text, flag, "a share such as 50%", "percent");
}

function parseQuantity(text: string, units: Readonly<Record<string, number>>, bare: number): number {
  const match = /^(\d{1,12}(?:\.\d{1,6})?) ?([a-z]*)$/i.exec(text.trim());
  const unit = match?.[2]?.toLowerCase() ?? "";
  const factor = unit === "" ? bare : Object.hasOwn(units, unit) ? units[unit] : undefined;
  return Math.round(Number(match?.[1]) * (factor ?? Number.NaN));
}

function within(
  value: number,
  [minimum, maximum]: Bounds,
  text: string,
  flag: string,
  expected: string,
  unit: string,
): number {
  if (Number.isSafeInteger(value) && value >= minimum && value <= maximum) return value;
  throw new CordonError(
    "usage",
    `Cannot read ${flag}=${JSON.stringify(text)}: it takes ${expected}, from ${minimum} to ${maximum} ${unit}`.trimEnd(),
  );
}
