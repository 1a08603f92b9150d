import type { InterfaceDeclaration } from "../../host/capability.ts";
import { coreMaySuspend, maySuspend } from "../../runtime/engine/stacks/may-suspend.ts";
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
export async function stackTypeKeys(
  { plan, imports }: ComponentProgram,
  provided: readonly InterfaceDeclaration[],
): Promise<Uint8Array> {
  const interfaces = new Map(provided.map((one) => [versionedName(one.name, one.version), one]));
  const blocking = new Set(
    imports
      .filter(({ providedBy, version, name }) => {
        const found = interfaces.get(versionedName(providedBy, version));
        return found?.functions.find((one) => one.name === name)?.blocking === true;
      })
      .map(({ path }) => pathKey(path)),
  );
  const blocks = (path: readonly string[]): boolean => blocking.has(pathKey(path));
  const may = maySuspend(plan, blocks);
  const waits = plan.coreFunctions.some(
    (core) => core.kind === "task.return" || coreMaySuspend(plan, core, may, blocks),
  );
  if (!waits) return new Uint8Array();
  // The rest of the engine is loaded for those alone that have such stacks.
  const { stackKeys } = await import("./stack-keys.ts");
  return stackKeys(plan, blocks);
}
