/**
 * The sample that so many percent of the samples are at most as great as (nearest rank).
 *
 * @throws RangeError when there are none.
 */
export function percentile(samples: readonly number[], percent: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const found = sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
  if (found === undefined) throw new RangeError("Cannot find a percentile: there are no samples");
  return found;
}
