/**
 * Calls functions of a component that is granted nothing: one line each.
 */
import assert from "node:assert/strict";
import { run } from "cordon";

const calculator = new URL("../build/examples/calculator.wasm", import.meta.url);

const sum = await run(calculator, "add", [5, 3]);
console.log(`5 + 3 = ${String(sum)}`);
assert.equal(sum, 8);

// A function that returns `result<s32, string>` gives the value of `ok`; an `err` would be thrown.
const quotient = await run(calculator, "divide", [84, 2]);
console.log(`84 / 2 = ${String(quotient)}`);
assert.equal(quotient, 42);

// Arguments are checked against their WIT types before anything runs.
await assert.rejects(run(calculator, "add", [5, "three"]), /b: expected s32, found string "three"/);
console.log("5 + three is refused");
