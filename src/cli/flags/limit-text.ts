import type { Limits } from "../../shared/limits/limits.ts";

/** How a limit is written on the command line. */
export type LimitKind = "AMOUNT" | "COUNT" | "DURATION" | "RATE" | "SHARE" | "SIZE";

/** The value of a limit in the unit a reader wants, in a form that its flag takes: `30s`, `128MiB`, `20G`, `25%`. */
export function limitText(limits: Limits, name: keyof Limits, kind: LimitKind): string {
  const value = limits[name];
  // Reserving more than there can be is how it is said that no rate applies.
  if (name === "reservedMemoryBytes" && value >= limits.memoryBytes) return "all";
  return quantityText(value, kind);
}

/** One value in that form. */
export function quantityText(value: number, kind: LimitKind): string {
  switch (kind) {
    case "AMOUNT":
      return scaled(value, 1000, ["", "K", "M", "G", "T"]);
    case "COUNT":
      return String(value);
    case "DURATION":
      return durationText(value);
    case "SHARE":
      return `${value}%`;
    case "SIZE":
      return sizeText(value);
    case "RATE":
      return `${sizeText(value)}/s`;
  }
}

function durationText(ms: number): string {
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000}h`;
  if (ms % 60_000 === 0) return `${ms / 60_000}m`;
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}

function sizeText(bytes: number): string {
  return scaled(bytes, 1024, ["B", "KiB", "MiB", "GiB", "TiB"]);
}

/** In the largest unit that leaves a whole number. */
function scaled(value: number, step: number, units: readonly string[]): string {
  let power = 0;
  for (let left = value; left > 0 && left % step === 0 && power + 1 < units.length; left /= step) power += 1;
  return `${value / step ** power}${units[power] ?? ""}`;
}
