import type { CoreType } from "../../../shared/plan/plan.ts";
import { type Options, requireMemory, requireRealloc } from "./canon-options.ts";
import { flatten, flattenAll, MAX_FLAT_ASYNC_PARAMETERS, MAX_FLAT_PARAMETERS, MAX_FLAT_RESULTS } from "./flatten.ts";
import type { FunctionType } from "../types/types.ts";

/** The type of a core function. */
export interface CoreSignature {
  readonly parameters: readonly CoreType[];
  readonly results: readonly CoreType[];
}

/**
 * The core type that a function has when it is lifted or lowered (Canonical ABI, `flatten_functype`). Options that passing
 * its values needs have to be there.
 */
export function signatureOf(
  type: FunctionType,
  options: Options,
  direction: "lift" | "lower",
  offset: number,
): CoreSignature {
  const { address64, async } = options;
  const address = address64 ? "i64" : "i32";
  const types = type.parameters.map((parameter) => parameter.type);
  const flat = flattenAll(types, address64);
  const most = direction === "lower" && async ? MAX_FLAT_ASYNC_PARAMETERS : MAX_FLAT_PARAMETERS;
  const indirect = flat === "many" || flat.length > most;
  if (indirect || types.some(({ pointers }) => pointers)) {
    if (direction === "lift") requireRealloc(options, offset);
    else requireMemory(options, offset);
  }
  const parameters = indirect ? ([address] as const) : flat;
  const { result } = type;
  if (result === undefined) return { parameters, results: async && isWaitedFor(options, direction) ? ["i32"] : [] };
  if (direction === "lower" && result.pointers) requireRealloc(options, offset);
  const flatResult = flatten(result, address64);
  if (async) {
    if (direction === "lower") {
      requireMemory(options, offset);
      return { parameters: [...parameters, address], results: ["i32"] };
    }
    if (flatResult === "many" || result.pointers) requireMemory(options, offset);
    return { parameters, results: isWaitedFor(options, direction) ? ["i32"] : [] };
  }
  if (flatResult !== "many" && flatResult.length <= MAX_FLAT_RESULTS) return { parameters, results: flatResult };
  requireMemory(options, offset);
  return direction === "lower"
    ? { parameters: [...parameters, address], results: [] }
    : { parameters, results: [address] };
}

/** Whether an async call answers with a code: lowered ones do, and lifted ones that have a callback. */
function isWaitedFor({ callback }: Options, direction: "lift" | "lower"): boolean {
  return direction === "lower" || callback !== undefined;
}
