import type { GrantsInput } from "../../policy/parsing/parse-grants.ts";
import { CordonError } from "../../shared/errors.ts";

/** Whether a run is to be the same each time: `true`, or the seed of its random bytes, from 0 to 2^64 - 1; `true` is seed 0. */
export type DeterministicInput =
  | boolean
  | {
      /** From 0 to 2^64 - 1; the same seed gives the same bytes. */
      readonly seed: bigint | number;
    };

/**
 * Grants under which the same component with the same inputs does the same: virtual time and seeded random bytes. Files,
 * the network, programs and functions of the embedder answer what they answer.
 *
 * @throws CordonError `policy` when the grants give the host's time or its random bytes as well.
 */
export function deterministicGrants(grants: GrantsInput, wanted: DeterministicInput | undefined): GrantsInput {
  if (wanted === undefined || wanted === false) return grants;
  const { clocks = "none", random } = grants;
  const { kind = "none", ...own } = typeof clocks === "string" ? { kind: clocks } : clocks;
  if (kind === "read") throw contradiction("the host's time (clocks)");
  if (random === "full") throw contradiction("the host's random bytes (random)");
  if (wanted !== true && random !== undefined && random !== "pseudo") {
    throw contradiction("random bytes from elsewhere than the seed (random)");
  }
  return {
    ...grants,
    // What only the host's clocks have, such as jitter, is refused when this is read.
    clocks: { ...own, kind: "virtual" },
    random: wanted === true ? (random ?? "pseudo") : { seed: wanted.seed },
  };
}

function contradiction(what: string): CordonError {
  return new CordonError(
    "policy",
    `Cannot make the run deterministic: it is granted ${what}; leave one of the two out`,
  );
}
