import type { ClockGrant } from "../../../policy/grants.ts";

/**
 * A time of a file as a guest may know it: the time of a file that it has just written is the time of day. So it is given with the grant of
 * the host's time alone, and no finer than its clocks are.
 */
export function toldTime(clocks: ClockGrant, ns: bigint): bigint | undefined {
  return clocks.kind === "read" ? roundedDown(clocks, ns) : undefined;
}

/**
 * A value that shows whether a file was modified, and of the time no more than that it went on by a step of the guest's clocks;
 * nothing where the host's time moves no clock of the guest's.
 */
export function modificationStep(clocks: ClockGrant, ns: bigint): bigint | undefined {
  return clocks.kind === "virtual" ? undefined : roundedDown(clocks, ns);
}

/** Also before 1970. */
function roundedDown({ resolutionNs }: ClockGrant, ns: bigint): bigint {
  const resolution = BigInt(resolutionNs);
  const above = ns % resolution;
  return above < 0n ? ns - above - resolution : ns - above;
}
