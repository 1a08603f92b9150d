import type { Limits } from "../../shared/limits/limits.ts";
import { MAX_PROGRAM_OUTPUT_BYTES, MAX_PROGRAM_TIME_MS, type RunRequest } from "./run-request.ts";

/**
 * What a guest's side asks, as a request. It may have been taken over by hostile code, so the form is checked, and that it asks for
 * no more time and output than one run may have. Whether the words are a command line is for `requestProblem`.
 *
 * @throws Error for what the host function never asks.
 */
export function readRunRequest(payload: unknown, limits: Pick<Limits, "timeoutMs">): RunRequest {
  if (typeof payload !== "object" || payload === null) throw malformed("it is no record");
  const { command, arguments: words, stdin, timeoutMs, maxOutputBytes } = payload as Partial<Record<string, unknown>>;
  if (typeof command !== "string") throw malformed("the command is no text");
  if (!isTexts(words)) throw malformed("the arguments are no texts");
  if (stdin !== undefined && !(stdin instanceof Uint8Array)) throw malformed("the input is no bytes");
  const longest = Math.min(limits.timeoutMs, MAX_PROGRAM_TIME_MS);
  if (!isCount(timeoutMs, longest)) throw malformed(`the time is no number of milliseconds up to ${longest}`);
  if (!isCount(maxOutputBytes, MAX_PROGRAM_OUTPUT_BYTES)) {
    throw malformed(`the output is no number of bytes up to ${MAX_PROGRAM_OUTPUT_BYTES}`);
  }
  return { command, arguments: words, stdin, timeoutMs, maxOutputBytes };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

function isCount(value: unknown, most: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= most;
}

function malformed(reason: string): Error {
  return new Error(`Cannot run a program: what was asked for is no request: ${reason}`);
}
