import { LIMIT_BOUNDS } from "../shared/limits/limit-bounds.ts";
import type { Limits } from "../shared/limits/limits.ts";

const PAGE_BYTES = 65_536;

/** The names of limits that manifests have besides those of docs/limits.md, with what one of their units is. */
const LIMIT_NAMES: Readonly<Record<string, { readonly limit: keyof Limits; readonly unit: number }>> = {
  max_memory_pages: { limit: "memoryBytes", unit: PAGE_BYTES },
  max_execution_time_ms: { limit: "timeoutMs", unit: 1 },
  max_fuel: { limit: "fuel", unit: 1 },
};

/** The bounds of each name, both inclusive. */
export const LIMIT_NAME_BOUNDS: Readonly<Record<string, readonly [least: number, most: number]>> = Object.fromEntries([
  ...Object.entries(LIMIT_NAMES).map(([name, { limit, unit }]) => {
    const [least, most] = LIMIT_BOUNDS[limit];
    return [name, [Math.ceil(least / unit), Math.floor(most / unit)] as const] as const;
  }),
  ...Object.entries(LIMIT_BOUNDS),
]);

/** Why limits cannot be read together; `undefined` when they can. */
export function limitsProblem(written: Readonly<Record<string, unknown>>): string | undefined {
  const twice = Object.entries(LIMIT_NAMES).find(
    ([name, { limit }]) => written[name] !== undefined && written[limit] !== undefined,
  );
  return twice === undefined ? undefined : `${twice[0]} and ${twice[1].limit} are the same limit; write one of them`;
}

/** The limits that a manifest asks for, by the names of docs/limits.md. */
export function requestedLimits(written: Readonly<Record<string, number | undefined>>): Partial<Limits> {
  const found = Object.entries(written).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const known = Object.hasOwn(LIMIT_NAMES, name) ? LIMIT_NAMES[name] : undefined;
    return [[known?.limit ?? name, value * (known?.unit ?? 1)] as const];
  });
  return Object.fromEntries(found);
}
