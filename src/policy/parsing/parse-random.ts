import { NO_GRANTS, type RandomGrant } from "../grants.ts";
import { type Problems, section } from "../problems.ts";

/**
 * Where a guest's random bytes come from. `none`: asking for them ends the guest. `pseudo`, the default: a generator that gives the
 * same bytes for the same seed, 0 unless it is given as `{ seed }`. `full`: the host's secure generator.
 */
export type RandomInput =
  | "none"
  | "pseudo"
  | "full"
  | {
      /** From 0 to 2^64 - 1; the same seed gives the same bytes. */
      readonly seed: bigint | number;
    };

const MAX_SEED = 2n ** 64n - 1n;

/** Reads the random part of grants; what is wrong goes to `problems`. */
export function parseRandom(value: unknown, problems: Problems): RandomGrant {
  if (value === undefined || value === "pseudo") return NO_GRANTS.random;
  if (value === "none" || value === "full") return Object.freeze({ kind: value });
  const { seed } = section(value, "random", ["seed"], problems);
  const isWhole = typeof seed === "bigint" || (typeof seed === "number" && Number.isSafeInteger(seed));
  if (!isWhole || seed < 0 || seed > MAX_SEED) {
    problems.push("Cannot read random.seed: expected a whole number from 0 to 2^64 - 1");
    return NO_GRANTS.random;
  }
  return Object.freeze({ kind: "pseudo", seed: BigInt(seed) });
}
