import { type Entity, extentOf } from "./types.ts";

/** Whether a substitution can change what is imported or exported. */
export function isOpen(entity: Entity): boolean {
  return entity.sort === "type" ? entity.created.open : extentOf(entity).open;
}
