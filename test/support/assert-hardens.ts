import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { hardenModule } from "../../src/hardening/harden-module.ts";

/** Hardens the module of a file with either counter, and asserts that the engine accepts what it accepted before. */
export function assertHardens(path: string): void {
  const module = readFileSync(path);
  assert.ok(WebAssembly.validate(module), "the module itself is valid");
  for (const counter of ["shared", "own"] as const) {
    const { bytes } = hardenModule(module, { meter: true, counter });
    assert.doesNotThrow(() => new WebAssembly.Module(bytes));
  }
}
