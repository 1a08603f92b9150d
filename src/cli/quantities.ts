import { CordonError } from "../shared/errors.ts";

const DURATION_UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

const SIZE_UNITS: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1000,
  mb: 1000 ** 2,
  gb: 1000 ** 3,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  ki: 1024,
  mi: 1024 ** 2,
  gi: 1024 ** 3,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
};

/** Reads a duration such as `500ms`, `1.5s`, `2m`; a bare number is in seconds. Returns milliseconds. */
export function parseDuration(text: string, flag: string): number {
  return parseQuantity(text, flag, DURATION_UNITS_MS, 1000, "a duration such as 500ms, 5s or 2m");
}

/** Reads a size such as `64MiB`, `512K`, `1GB`; a bare number is in bytes. Returns bytes. */
export function parseSize(text: string, flag: string): number {
  return parseQuantity(text, flag, SIZE_UNITS, 1, "a size such as 64MiB, 512K or 1GB");
}

function parseQuantity(
  text: string,
  flag: string,
  units: Readonly<Record<string, number>>,
  bare: number,
  expected: string,
): number {
  const match = /^(\d{1,12}(?:\.\d{1,6})?) ?([a-z]*)$/i.exec(text.trim());
  const unit = match?.[2]?.toLowerCase() ?? "";
  const factor = unit === "" ? bare : Object.hasOwn(units, unit) ? units[unit] : undefined;
  const value = Math.round(Number(match?.[1]) * (factor ?? Number.NaN));
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new CordonError("usage", `Cannot read ${flag}=${JSON.stringify(text)}: it takes ${expected}, above zero`);
}
