import { CordonError } from "../shared/errors.ts";

/** The error for a component that has more of something than it may. */
export function tooComplex(what: string, used: number, cap: number): CordonError {
  return new CordonError("limit", `Cannot load the component: it has ${used} ${what}, over the bound of ${cap}`, {
    limit: { limit: "complexity", cap, used },
  });
}
