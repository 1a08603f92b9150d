/** How often something may happen: the most within any span of time of this length. */
export interface Rate {
  readonly of: "calls" | "denials";
  /** From 0 to {@link MAX_RATE}. */
  readonly most: number;
  readonly per: "second" | "minute";
}

/** The most that one can name: the time of each is remembered. */
export const MAX_RATE = 100_000;

/** Milliseconds of the span that a rate is about. */
export const SPAN_MS: Readonly<Record<Rate["per"], number>> = { second: 1_000, minute: 60_000 };

/** Reads `N per second` or `N per minute`; `undefined` for what is no rate. */
export function parseRate(text: string): Omit<Rate, "of"> | undefined {
  const [, amount, per] = /^(\d{1,6}) per (second|minute)$/u.exec(text) ?? [];
  const most = Number(amount);
  return amount === undefined || most > MAX_RATE ? undefined : { most, per: per as Rate["per"] };
}

/** A rate in words, such as `10 calls per minute`. */
export function rateWords({ of, most, per }: Rate): string {
  return `${most} ${most === 1 ? of.slice(0, -1) : of} per ${per}`;
}
