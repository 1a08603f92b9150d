import { CordonError } from "../../shared/errors.ts";
import { shownLimit } from "../../shared/text/remedy.ts";

/** A component over the bound on its size. */
export function tooLarge(what: string, size: number, cap: number): CordonError {
  return new CordonError(
    "limit",
    `Cannot load ${what}: ${size} bytes are over ${shownLimit("maxComponentBytes", cap)}`,
    {
      limit: { limit: "component-size", cap, used: size },
    },
  );
}
