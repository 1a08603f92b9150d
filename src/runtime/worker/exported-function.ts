import type { ExportPath } from "../messages.ts";
import type { GuestExports } from "./realm.ts";

/** An export of an instance, to be called. */
export type ExportedFunction = (...parameters: readonly unknown[]) => unknown;

/** @throws Error when the instance has no such export. */
export function exportedFunction(guest: GuestExports, target: ExportPath): ExportedFunction {
  const holder = target.interface === undefined ? guest : ownProperty(guest, target.interface);
  const found = ownProperty(holder, target.property);
  if (typeof found !== "function") throw new Error(`the component does not export ${JSON.stringify(target)}`);
  return (...parameters) => Reflect.apply(found, undefined, parameters) as unknown;
}

function ownProperty(holder: unknown, name: string): unknown {
  if (typeof holder !== "object" || holder === null || !Object.hasOwn(holder, name)) return undefined;
  return (holder as Record<string, unknown>)[name];
}
