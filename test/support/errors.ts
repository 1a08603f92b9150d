import assert from "node:assert/strict";
import { CordonError, type ErrorCode } from "../../src/shared/errors.ts";

/** Asserts that something throws, or rejects with, a `CordonError` of that code and message, and returns it. */
export async function failsWith(
  code: ErrorCode,
  message: RegExp,
  attempt: Promise<unknown> | (() => unknown),
): Promise<CordonError> {
  let thrown: unknown;
  try {
    await (typeof attempt === "function" ? attempt() : attempt);
  } catch (error) {
    thrown = error;
  }
  assert.ok(thrown instanceof CordonError, `expected a CordonError, found ${String(thrown)}`);
  assert.equal(thrown.code, code, thrown.message);
  assert.match(thrown.message, message);
  assert.doesNotMatch(thrown.message, /\n/, "messages are one line");
  return thrown;
}
