import { CordonError } from "../shared/errors.ts";
import { DEFAULT_LIMITS, type Limits } from "../shared/limits.ts";
import { nearest } from "../shared/suggest.ts";

/** The longest deadline that can be set, in milliseconds: what a timer can hold. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** The bounds of each limit, both inclusive. */
export const LIMIT_BOUNDS: Readonly<Record<keyof Limits, readonly [minimum: number, maximum: number]>> = {
  timeoutMs: [1, MAX_TIMEOUT_MS],
  memoryBytes: [65_536, 2 ** 40],
  maxCrossingBytes: [0, 2 ** 31],
  maxReadFileBytes: [0, 2 ** 29],
  maxWriteFileBytes: [0, 2 ** 29],
  maxResponseBodyBytes: [0, 2 ** 29],
  maxRequestBodyBytes: [0, 2 ** 29],
  httpTimeoutMs: [1, MAX_TIMEOUT_MS],
  maxOpenFiles: [0, 65_536],
  maxSockets: [0, 65_536],
  maxConnections: [0, 65_536],
  maxHandles: [0, 2 ** 20],
  maxReadBytes: [0, Number.MAX_SAFE_INTEGER],
  maxWriteBytes: [0, Number.MAX_SAFE_INTEGER],
  readBytesPerSecond: [1, Number.MAX_SAFE_INTEGER],
  writeBytesPerSecond: [1, Number.MAX_SAFE_INTEGER],
  maxStdoutBytes: [0, Number.MAX_SAFE_INTEGER],
  maxHeaderBytes: [0, 2 ** 24],
};

/**
 * Limits with the defaults filled in.
 *
 * @throws CordonError `usage` for a name that is no limit, or a value that is no whole number within its bounds.
 */
export function limitsFrom(given: Partial<Limits> = {}, base: Limits = DEFAULT_LIMITS): Limits {
  const limits: Record<keyof Limits, number> = { ...base };
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (!isLimit(name)) throw unknownLimit(name);
    const [minimum, maximum] = LIMIT_BOUNDS[name];
    if (!Number.isSafeInteger(value) || value < minimum || value > maximum) {
      throw new CordonError(
        "usage",
        `Cannot set the limit ${name} to ${String(value)}: it takes a whole number from ${minimum} to ${maximum}`,
      );
    }
    limits[name] = value;
  }
  return limits;
}

function isLimit(name: string): name is keyof Limits {
  return Object.hasOwn(LIMIT_BOUNDS, name);
}

function unknownLimit(name: string): CordonError {
  const near = nearest(name, Object.keys(LIMIT_BOUNDS));
  const hint = near === undefined ? `the limits are ${Object.keys(LIMIT_BOUNDS).join(", ")}` : `did you mean ${near}?`;
  return new CordonError("usage", `Cannot set the limit ${JSON.stringify(name)}: there is none of that name; ${hint}`);
}
