import type { AliasTarget } from "../binary/definitions.ts";
import { type Frame, valid } from "./frame.ts";

/** Puts what an alias stands for into its index space. */
export function defineAlias(frame: Frame, target: AliasTarget): void {
  switch (target.from) {
    case "export":
      frame.push(valid(valid(frame.instances[target.instance]).exports.get(target.name)));
      break;
    case "core-export":
      frame.core[target.sort].push(valid(frame.coreInstances[target.instance])(target.name));
      break;
    case "outer":
      // Core types matter to validation only.
      if (target.sort !== "core-type") frame.push(frame.outer(target.count).entity(target.sort, target.index));
      break;
  }
}
