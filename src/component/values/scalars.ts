/** The integer types of WIT. */
export type IntegerKind = "s8" | "u8" | "s16" | "u16" | "s32" | "u32" | "s64" | "u64";

const RANGES: ReadonlyMap<string, readonly [min: bigint, max: bigint]> = new Map(
  [8, 16, 32, 64].flatMap((bits): [string, readonly [bigint, bigint]][] => [
    [`u${bits}`, [0n, 2n ** BigInt(bits) - 1n]],
    [`s${bits}`, [-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n]],
  ]),
);

/** Whether an integer kind is 64 bits wide, which JavaScript holds as a bigint. */
export function isWide(kind: IntegerKind): boolean {
  return kind === "s64" || kind === "u64";
}

/** Whether an integer is in the range of its kind; the integer may be a number or a bigint. */
export function inRange(kind: IntegerKind, value: number | bigint): boolean {
  const range = RANGES.get(kind);
  return range !== undefined && value >= range[0] && value <= range[1];
}

/**
 * The integer that decimal digits stand for, exactly, as the engine takes it: a bigint for the 64-bit kinds, a number for
 * the others. Undefined when the text is no decimal integer (leading zeros and a plus sign make it none) or is out of
 * range.
 */
export function integerFromDigits(kind: IntegerKind, text: string): number | bigint | undefined {
  if (text.length > 20 || !/^-?(?:0|[1-9][0-9]*)$/.test(text)) return undefined;
  const value = BigInt(text);
  if (!inRange(kind, value)) return undefined;
  return isWide(kind) ? value : Number(value);
}

/**
 * A float read from a decimal number, rounded to the width of its kind. Undefined when the number is finite and the
 * float is not.
 */
export function floatFromNumber(kind: "f32" | "f64", value: number): number | undefined {
  const rounded = kind === "f32" ? Math.fround(value) : value;
  return Number.isFinite(rounded) ? rounded : undefined;
}

/** The shortest decimal number that reads back as the same float of its kind; `nan`, `inf`, `-inf` and `-0` as such. */
export function printFloat(kind: "f32" | "f64", value: number): string {
  if (Number.isNaN(value)) return "nan";
  const float = kind === "f32" ? Math.fround(value) : value;
  if (!Number.isFinite(float)) return float > 0 ? "inf" : "-inf";
  if (Object.is(float, -0)) return "-0";
  if (kind === "f64") return String(float);
  for (let digits = 1; digits < 9; digits += 1) {
    const candidate = Number(float.toPrecision(digits));
    if (Math.fround(candidate) === float) return String(candidate);
  }
  return String(Number(float.toPrecision(9)));
}

/** Whether a text is exactly one Unicode scalar value. */
export function isOneScalarValue(text: string): boolean {
  if (text.length === 0 || text.length > 2 || !text.isWellFormed()) return false;
  return text.length === 1 || (text.codePointAt(0) ?? 0) > 0xffff;
}
