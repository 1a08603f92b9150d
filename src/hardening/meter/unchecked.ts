/**
 * What the ways to a place may have charged since the counter was looked at, in one number: the most of those on which it was looked
 * at since the function was entered, and the most of those on which it was not. Below zero: no way leads there.
 */
const [BITS, MASK] = [15, 2 ** 15 - 1];

/** One way, on which the counter was looked at, so many units ago. */
export function lookedAgo(units: number): number {
  return units + 1;
}

/** One way, on which it was not looked at since the function was entered, so many units ago. */
export function enteredAgo(units: number): number {
  return (units + 1) << BITS;
}

/** The most on ways on which it was looked at; below zero when there are none. */
export function sinceLook(ways: number): number {
  return (ways & MASK) - 1;
}

/** The most on ways on which it was not looked at; below zero when there are none. */
export function sinceEntry(ways: number): number {
  return (ways >> BITS) - 1;
}

/** All ways of both. */
export function either(one: number, other: number): number {
  if (one < 0 || other < 0) return Math.max(one, other);
  return Math.max(one & MASK, other & MASK) + (Math.max(one >> BITS, other >> BITS) << BITS);
}

/** The same ways, with so many units more. */
export function further(ways: number, units: number): number {
  const look = sinceLook(ways);
  const entry = sinceEntry(ways);
  return (look < 0 ? 0 : look + 1 + units) + (entry < 0 ? 0 : (entry + 1 + units) << BITS);
}
