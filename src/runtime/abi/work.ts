import type { Charges } from "./context.ts";

/*
 * What goes through values of a length that a guest chose is charged as it goes, and before it is done: a few milliseconds of it at
 * most are between two questions of whether the guest may go on, which `Charges.work` asks for each mebibyte. What is not plain copying
 * is charged as the plain copying that takes about as long.
 */

/** One value that is taken or given by itself, in bytes. */
export const STEP_BYTES = 128;

/** Values of a type with more of them in it, which charges for them itself, in pieces. */
export const MOST_STEPS = 256;

/** What one byte of text is charged, each time that it is decoded, encoded or looked at. */
export const TEXT_PASS = 4;

/** The most that is charged at once. */
const RUN_BYTES = 1024 * 1024;

/** Goes through elements in runs, each of which is charged before. */
export function inRuns(charges: Charges, length: number, each: number, run: (from: number, to: number) => void): void {
  const most = Math.max(1, Math.floor(RUN_BYTES / each));
  for (let from = 0; from < length; from += most) {
    const to = Math.min(length, from + most);
    charges.work((to - from) * each);
    run(from, to);
  }
}

/** Copies bytes to where there is room for them. */
export function copyInRuns(charges: Charges, source: Uint8Array, target: Uint8Array, at: number): void {
  if (source.length <= RUN_BYTES) {
    charges.work(source.length);
    target.set(source, at);
    return;
  }
  inRuns(charges, source.length, 1, (from, to) => target.set(source.subarray(from, to), at + from));
}
