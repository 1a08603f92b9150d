import type { PortRange } from "./grants.ts";

/** Every port. 0 is among them, which stands for a port of the system's choice where a guest waits for connections. */
export const EVERY_PORT: readonly PortRange[] = Object.freeze([Object.freeze({ start: 0, end: 65_535 })]);

/** What a list of ports looks like; part of messages about a wrong one. */
export const PORTS_GRAMMAR = "a port is a number from 1 to 65535, a range START-END or *";

/**
 * Reads ports as in `443`, `8000-8100`, `*`, and several with commas between. `undefined` for anything else: a port outside 1
 * to 65535, a leading zero, a range that ends before it starts.
 *
 * @param first the lowest port that may be written: 1, or 0 where that stands for a port of the system's choice
 */
export function parsePorts(text: string, first: 0 | 1 = 1): readonly PortRange[] | undefined {
  const ranges: PortRange[] = [];
  for (const part of text.split(",")) {
    if (part === "*") {
      ranges.push(...EVERY_PORT);
      continue;
    }
    const [, startText, endText] = /^([0-9]{1,5})(?:-([0-9]{1,5}))?$/u.exec(part) ?? [];
    if (startText === undefined) return undefined;
    const range = portRange(parsePort(startText), parsePort(endText ?? startText), first);
    if (range === undefined) return undefined;
    ranges.push(range);
  }
  return Object.freeze(ranges);
}

/** The range from `start` to `end`; `undefined` when they are no ports or in the wrong order. */
export function portRange(start: unknown, end: unknown, first: 0 | 1 = 1): PortRange | undefined {
  if (!isPort(start, first) || !isPort(end, first) || start > end) return undefined;
  return Object.freeze({ start, end });
}

/** Ranges as {@link parsePorts} reads them. */
export function printPorts(ports: readonly PortRange[]): string {
  return ports
    .map(({ start, end }) => (start === 0 && end === 65_535 ? "*" : start === end ? `${start}` : `${start}-${end}`))
    .join(",");
}

/** Whether one of the ranges has the port. */
export function hasPort(ports: readonly PortRange[], port: number): boolean {
  return ports.some(({ start, end }) => port >= start && port <= end);
}

function parsePort(text: string): number {
  return /^(?:0|[1-9][0-9]*)$/u.test(text) ? Number(text) : Number.NaN;
}

function isPort(value: unknown, first: 0 | 1): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= first && value <= 65_535;
}
