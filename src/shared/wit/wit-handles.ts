import { partsOfType, type WitFunction, type WitType } from "./wit.ts";

const HELD: ReadonlySet<WitType["kind"]> = new Set(["own", "borrow", "stream", "future", "error-context"]);

/**
 * Whether values of a type hold something that cannot leave its instance: a handle, a stream, a future, an error context.
 *
 * @param isExempt Those that do not count.
 */
export function holdsHandle(type: WitType | undefined, isExempt: (type: WitType) => boolean = () => false): boolean {
  if (type === undefined) return false;
  if (HELD.has(type.kind)) return !isExempt(type);
  return partsOfType(type).some((part) => holdsHandle(part, isExempt));
}

/** Whether a function takes or gives such values. */
export function functionHoldsHandle({ parameters, result }: WitFunction): boolean {
  return holdsHandle(result) || parameters.some(({ type }) => holdsHandle(type));
}

/** Whether values of a type hold streams or futures, which go on after they were given. */
export function holdsStream(type: WitType | undefined): boolean {
  if (type === undefined) return false;
  return type.kind === "stream" || type.kind === "future" || partsOfType(type).some(holdsStream);
}
