import { coreTypesOf } from "../../shared/plan/core-module.ts";
import type { WitFunction, WitType } from "../../shared/wit/wit.ts";

/** The longest type that is read, in UTF-16 code units. */
const MAX_LENGTH = 1_000;

const WIT_TYPES: ReadonlyMap<string, WitType> = new Map<string, WitType>([
  ["i32", { kind: "s32" }],
  ["i64", { kind: "s64" }],
  ["f32", { kind: "f32" }],
  ["f64", { kind: "f64" }],
]);

/** A core function's type as it is printed, and as a WIT function of parameters `p0`, `p1`, ...; or what is wrong with it. */
export function coreFunctionType(
  name: string,
  written: unknown,
): { readonly type: string; readonly wit: WitFunction } | string {
  const types = typeof written === "string" && written.length <= MAX_LENGTH ? coreTypesOf(written.trim()) : undefined;
  if (types === undefined) return "expected a core type such as (i32, i64) -> i32 or () -> ()";
  const { parameters, results } = types;
  const unknown = [...parameters, ...results].find((one) => !WIT_TYPES.has(one));
  if (unknown !== undefined) return `${JSON.stringify(unknown)} is none of i32, i64, f32 and f64`;
  if (results.length > 1) return "it has more than one result";
  const result = WIT_TYPES.get(results[0] ?? "");
  return {
    type: `(${parameters.join(", ")}) -> ${results[0] ?? "()"}`,
    wit: {
      name,
      parameters: parameters.map((one, index) => ({ name: `p${index}`, type: WIT_TYPES.get(one) ?? { kind: "s32" } })),
      ...(result === undefined ? {} : { result }),
      async: false,
    },
  };
}
