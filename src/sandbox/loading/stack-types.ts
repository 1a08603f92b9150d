import { boundedTypeKeys } from "../../component/bound-types.ts";
import { tooComplex } from "../../component/too-complex.ts";
import type { InterfaceDeclaration } from "../../host/capability.ts";
import { LimitReached } from "../../runtime/engine/limit-reached.ts";
import { PreparedPlan } from "../../runtime/engine/prepared-plan.ts";
import type { ComponentProgram } from "../../runtime/messages.ts";
import { pathKey } from "../../runtime/path-key.ts";
import { versionedName } from "../../shared/wit/interface-name.ts";

/**
 * The keys of the function types that a component has the engine make for stacks which may be suspended: `canon` functions have types
 * that no core module has to declare, and the engine keeps these, too.
 *
 * @param provided What its imports were matched with.
 * @throws CordonError `limit` when there are too many of them.
 */
export function stackTypeKeys(
  { plan, imports }: ComponentProgram,
  provided: readonly InterfaceDeclaration[],
): Uint8Array {
  const interfaces = new Map(provided.map((one) => [versionedName(one.name, one.version), one]));
  const blocking = new Set(
    imports
      .filter(({ providedBy, version, name }) => {
        const found = interfaces.get(versionedName(providedBy, version));
        return found?.functions.find((one) => one.name === name)?.blocking === true;
      })
      .map(({ path }) => pathKey(path)),
  );
  const { stack } = preparedPlan(plan, (path) => blocking.has(pathKey(path)));
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
