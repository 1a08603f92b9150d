/** What a row of measurements comes down to. The unit is that of the samples. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly count: number;
}

/** One thing to measure: does it once and returns what was measured, in the unit of the benchmark. */
export type Subject = () => number | Promise<number>;

/**
 * Median, least and greatest of the samples.
 *
 * @throws RangeError when there are none, or one is not a finite number.
 */
export function summarize(samples: readonly number[]): Summary {
  const sorted = samples.toSorted((a, b) => a - b);
  const [min] = sorted;
  const max = sorted.at(-1);
  if (min === undefined || max === undefined) throw new RangeError("Cannot summarize samples: there are none");
  if (!samples.every(Number.isFinite)) throw new RangeError("Cannot summarize samples: one is not a finite number");
  const upper = sorted[Math.floor(sorted.length / 2)] ?? max;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? min;
  return { median: (lower + upper) / 2, min, max, count: samples.length };
}

/**
 * The ratio of each sample to the bare sample of the same round. Both were taken one after the other, so what slows the
 * machine for a while slows both and cancels out.
 *
 * @throws RangeError when the two differ in length or a bare sample is zero.
 */
export function ratioOfPairs(measured: readonly number[], bare: readonly number[]): Summary {
  if (measured.length !== bare.length) {
    throw new RangeError(`Cannot pair samples: there are ${measured.length} and ${bare.length}`);
  }
  return summarize(measured.map((value, round) => value / (bare[round] ?? Number.NaN)));
}

/** Takes rounds of samples of several subjects in turn, A B C A B C. The warm-up rounds come first and do not count. */
export async function interleaved<Name extends string>(
  rounds: { readonly warmUp: number; readonly counted: number },
  subjects: Readonly<Record<Name, Subject>>,
): Promise<Readonly<Record<Name, readonly number[]>>> {
  const names = Object.keys(subjects) as Name[];
  const samples = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round < rounds.warmUp + rounds.counted; round += 1) {
    for (const name of names) {
      const sample = await subjects[name]();
      if (round >= rounds.warmUp) samples[name].push(sample);
    }
  }
  return samples;
}

/** The slope of the line that fits the points best (ordinary least squares). */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const meanX = mean(points.map(([x]) => x));
  const meanY = mean(points.map(([, y]) => y));
  const covariance = mean(points.map(([x, y]) => (x - meanX) * (y - meanY)));
  return covariance / mean(points.map(([x]) => (x - meanX) ** 2));
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((total, next) => total + next, 0) / numbers.length;
}
