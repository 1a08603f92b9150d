/**
 * How many units may have been charged since the counter was last checked, at one place of a function's body. Two maxima, packed into
 * one number: over the paths to that place on which the counter was checked since the function was entered (since the check), and over
 * those on which it was not (since the entry). Each is stored as units + 1, and as 0 when there is no such path.
 */
const [BITS, MASK] = [15, 2 ** 15 - 1];

/** No path leads to the place. */
export const UNREACHED = -1;

/** One path, on which the counter was checked so many units ago. */
export function checkedAgo(units: number): number {
  return units + 1;
}

/** One path, on which the function was entered so many units ago, and the counter was not checked since. */
export function enteredAgo(units: number): number {
  return (units + 1) << BITS;
}

/** The most units since a check; below zero when there is no path with one. */
export function sinceCheck(unchecked: number): number {
  return (unchecked & MASK) - 1;
}

/** The most units since the entry; below zero when every path has a check. */
export function sinceEntry(unchecked: number): number {
  return (unchecked >> BITS) - 1;
}

/** What holds where the paths of both come together. */
export function join(one: number, other: number): number {
  if (one < 0 || other < 0) return Math.max(one, other);
  return Math.max(one & MASK, other & MASK) + (Math.max(one >> BITS, other >> BITS) << BITS);
}

/** What holds so many units further along the same paths. */
export function advance(unchecked: number, units: number): number {
  const check = sinceCheck(unchecked);
  const entry = sinceEntry(unchecked);
  return (check < 0 ? 0 : check + 1 + units) + (entry < 0 ? 0 : (entry + 1 + units) << BITS);
}
