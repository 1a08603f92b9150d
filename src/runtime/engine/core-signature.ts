import type { CoreType, PlanCoreFunction } from "../../shared/plan/plan.ts";
import { MAX_FLAT_ASYNC_PARAMETERS, MAX_FLAT_PARAMETERS, MAX_FLAT_RESULTS } from "../abi/function-shape.ts";
import type { FunctionShape } from "../abi/function-shape.ts";
import type { PreparedLift, PreparedPlan } from "./prepared-plan.ts";

/** The type of a core function of the Canonical ABI, which gives one value at most. */
export interface CoreSignature {
  readonly parameters: readonly CoreType[];
  readonly result: CoreType | undefined;
}

/** What tells signatures apart. */
export function signatureKey({ parameters, result }: CoreSignature): string {
  return `${parameters.join()}:${result ?? ""}`;
}

/** The type of a core function that is lifted. */
export function liftSignature({ shape, options }: Pick<PreparedLift, "shape" | "options">): CoreSignature {
  const pointer = pointerType(options);
  const { parameters, results } = shape;
  const given = parameters.flat.length > MAX_FLAT_PARAMETERS ? [pointer] : parameters.flat;
  if (options.async) return { parameters: given, result: options.callback === undefined ? undefined : "i32" };
  return { parameters: given, result: results.flat.length > MAX_FLAT_RESULTS ? pointer : results.flat[0] };
}

/** The type of a callback. */
export const CALLBACK_SIGNATURE: CoreSignature = { parameters: ["i32", "i32", "i32"], result: "i32" };

/** The type of a `canon` function that may suspend the stack which calls it. */
export function suspendingSignature(prepared: PreparedPlan, core: PlanCoreFunction): CoreSignature {
  switch (core.kind) {
    case "lower":
      return lowerSignature(prepared.shape(prepared.function(core.function).type, core.options), core.options);
    case "resource.drop":
      return { parameters: ["i32"], result: undefined };
    case "task.return": {
      const { flat } = prepared.resultRow(core.result, core.options);
      return { parameters: flat.length > MAX_FLAT_PARAMETERS ? [pointerType(core.options)] : flat, result: undefined };
    }
    case "thread.yield":
      return { parameters: [], result: "i32" };
    case "waitable-set.wait":
      return { parameters: ["i32", pointerType(core)], result: "i32" };
    case "stream.read":
    case "stream.write": {
      const pointer = pointerType(core.options);
      return { parameters: ["i32", pointer, pointer], result: "i32" };
    }
    case "future.read":
    case "future.write":
      return { parameters: ["i32", pointerType(core.options)], result: "i32" };
    default:
      // Cancelling a subtask, or a copy of a stream or future.
      return { parameters: ["i32"], result: "i32" };
  }
}

function lowerSignature(
  { parameters, results }: FunctionShape,
  options: { readonly memory64: boolean; readonly async: boolean },
): CoreSignature {
  const pointer = pointerType(options);
  const most = options.async ? MAX_FLAT_ASYNC_PARAMETERS : MAX_FLAT_PARAMETERS;
  const given = parameters.flat.length > most ? [pointer] : parameters.flat;
  if (options.async) return { parameters: results.flat.length > 0 ? [...given, pointer] : given, result: "i32" };
  if (results.flat.length > MAX_FLAT_RESULTS) return { parameters: [...given, pointer], result: undefined };
  return { parameters: given, result: results.flat[0] };
}

function pointerType({ memory64 }: { readonly memory64: boolean }): CoreType {
  return memory64 ? "i64" : "i32";
}
