import { boundedTypeKeys } from "../../component/bound-types.ts";
import { tooComplex } from "../../component/too-complex.ts";
import { LimitReached } from "../../runtime/engine/limit-reached.ts";
import { PreparedPlan } from "../../runtime/engine/prepared-plan.ts";

/**
 * The keys of the function types that the engine is given for the stacks of a component.
 *
 * @throws CordonError `limit` when there are too many of them.
 */
export function stackKeys(...given: ConstructorParameters<typeof PreparedPlan>): Uint8Array {
  const { stack } = preparedPlan(...given);
  return stack === undefined ? new Uint8Array() : boundedTypeKeys([stack]);
}

function preparedPlan(...given: ConstructorParameters<typeof PreparedPlan>): PreparedPlan {
  try {
    return new PreparedPlan(...given);
  } catch (thrown) {
    if (!(thrown instanceof LimitReached)) throw thrown;
    throw tooComplex("kinds of calls that may wait", thrown.used, thrown.ending.cap);
  }
}
