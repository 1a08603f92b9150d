import assert from "node:assert/strict";
import { test } from "node:test";
import { CordonError, ERROR_CODES, type ErrorCode } from "../../shared/errors.ts";
import type { Usage } from "../../shared/limits/usage.ts";
import { type ExitCircumstances, exitCodeOf } from "./exit-codes.ts";

function usage(denials: number): Usage {
  return {
    wallMs: 1,
    fuel: 1,
    longestHoldMs: 0,
    cpuMs: 1,
    memoryHighWaterBytes: 0,
    hostCalls: denials,
    hostCallsByFunction: {},
    denials,
    readBytes: 0,
    writtenBytes: 0,
    handlesHighWater: 0,
  };
}

function codeOf(code: ErrorCode, denials = 0, circumstances?: ExitCircumstances): number {
  return exitCodeOf(new CordonError(code, "x", { usage: usage(denials) }), circumstances);
}

test("every error code has its exit code", () => {
  assert.deepEqual(Object.fromEntries(ERROR_CODES.map((code) => [code, codeOf(code)])), {
    usage: 2,
    "invalid-component": 2,
    unsupported: 2,
    signature: 6,
    policy: 2,
    denied: 3,
    limit: 5,
    trap: 4,
    "guest-error": 1,
    host: 70,
    cancelled: 130,
  });
});

test("what is no error of ours is a fault of ours", () => {
  for (const thrown of [new TypeError("x"), "x", undefined]) assert.equal(exitCodeOf(thrown), 70);
});

test("a guest that failed after a denial could not go on", () => {
  assert.equal(codeOf("guest-error", 1), 3);
  assert.equal(codeOf("trap", 1), 3);
  assert.equal(codeOf("limit", 1), 5);
  assert.equal(codeOf("limit", 1, { failOnDenied: true }), 3);
  assert.equal(codeOf("host", 1, { failOnDenied: true }), 70);
});

test("a signal's exit code is that of a cancelled command only", () => {
  assert.equal(codeOf("cancelled", 0, { interrupted: 143 }), 143);
  assert.equal(codeOf("guest-error", 0, { interrupted: 143 }), 1);
});
