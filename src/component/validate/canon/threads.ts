import type { CoreType } from "../../../shared/plan/plan.ts";
import type { ThreadDefinition } from "../../binary/definitions.ts";
import { coreMismatch } from "../core/core-matching.ts";
import type { CoreTypeId } from "../core/core-types.ts";
import { invalid } from "../invalid.ts";
import type { Scope, Validation } from "../scope.ts";

/** The core types of built-ins of threads; those that depend on more are made in {@link checkThread}. */
const SIGNATURES: Readonly<
  Partial<Record<ThreadDefinition["name"], readonly [parameters: readonly CoreType[], results: readonly CoreType[]]>>
> = {
  "thread.index": [[], ["i32"]],
  "thread.resume-later": [["i32"], []],
  "thread.suspend": [[], ["i32"]],
  "thread.suspend-then-resume": [["i32"], ["i32"]],
  "thread.yield-then-resume": [["i32"], ["i32"]],
  "thread.suspend-then-promote": [["i32"], ["i32"]],
  "thread.yield-then-promote": [["i32"], ["i32"]],
};

/**
 * The type of a built-in of threads. They are not carried out, but a component that has them is distinguished from one that
 * is not valid. Those of shared functions are of a proposal that no engine has.
 */
export function checkThread(
  { coreTypes }: Validation,
  scope: Scope,
  { name, type, table: tableIndex }: ThreadDefinition,
  offset: number,
): CoreTypeId {
  const known = SIGNATURES[name];
  if (known !== undefined) return coreTypes.ofFunction(...known);
  if (name !== "thread.new-indirect")
    return invalid(`${name} needs shared functions, which are not known here`, offset);
  const start = scope.coreTypeAt(type ?? 0, offset);
  const signature = typeof start === "number" ? coreTypes.functionType(start) : undefined;
  const [closure, ...rest] = signature?.parameters ?? [];
  if (signature === undefined || rest.length > 0 || signature.results.length > 0) {
    return invalid(`the start function of ${name} is not of the type that it has to have`, offset);
  }
  if (closure !== "i32" && closure !== "i64") return invalid(`a thread starts with an i32 or an i64`, offset);
  const table = scope.coreExtern("table", tableIndex ?? 0, offset);
  const address64 = table.kind === "table" && table.limits.address64;
  const limits = { address64, minimum: 0n, maximum: undefined };
  const expected = { kind: "table", element: { nullable: true, heap: "func" }, limits } as const;
  if (coreMismatch(coreTypes, table, expected) !== undefined)
    invalid(`the table of ${name} is not of functions`, offset);
  return coreTypes.ofFunction([address64 ? "i64" : "i32", closure], ["i32"]);
}
