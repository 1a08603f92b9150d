import type { CoreType } from "../../shared/plan/plan.ts";

/** A value of core WebAssembly as JavaScript has it: `i64` is a bigint, `i32` a number that may be signed or not. */
export type CoreValue = number | bigint;

const scratch = new DataView(new ArrayBuffer(8));

/** The bits of an f32, as an i32. */
function bitsOfF32(value: number): number {
  scratch.setFloat32(0, value);
  return scratch.getInt32(0);
}

/** The f32 of these bits. */
function f32OfBits(bits: number): number {
  scratch.setInt32(0, bits);
  return scratch.getFloat32(0);
}

/** The bits of an f64, as an i64. */
function bitsOfF64(value: number): bigint {
  scratch.setFloat64(0, value);
  return scratch.getBigInt64(0);
}

/** The f64 of these bits. */
function f64OfBits(bits: bigint): number {
  scratch.setBigInt64(0, bits);
  return scratch.getFloat64(0);
}

/** The core type that takes values of both types: `join` of the Canonical ABI. */
export function joinOf(a: CoreType, b: CoreType): CoreType {
  if (a === b) return a;
  const narrow = (a === "i32" && b === "f32") || (a === "f32" && b === "i32");
  return narrow ? "i32" : "i64";
}

/** A value of the joined type `have` as one of the type `want` that was joined into it. */
export function unjoin(value: CoreValue, have: CoreType, want: CoreType): CoreValue {
  if (have === want) return value;
  if (have === "i32") return f32OfBits(value as number);
  if (want === "f64") return f64OfBits(value as bigint);
  const low = Number(BigInt.asIntN(32, value as bigint));
  return want === "f32" ? f32OfBits(low) : low;
}

/** A value of the type `have` as one of the type `want` that it is joined into. */
export function join(value: CoreValue, have: CoreType, want: CoreType): CoreValue {
  if (have === want) return value;
  if (have === "f64") return bitsOfF64(value as number);
  const bits = have === "f32" ? bitsOfF32(value as number) : (value as number);
  return want === "i64" ? BigInt(bits >>> 0) : bits;
}

/** Zero of a core type. */
export function zeroOf(type: CoreType): CoreValue {
  return type === "i64" ? 0n : 0;
}
