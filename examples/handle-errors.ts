/**
 * Branches on the code of an error. Codes are stable; messages are for people and may change.
 */
import assert from "node:assert/strict";
import { CordonError, run, type SandboxOptions } from "cordon";

const calculator = new URL("../build/examples/calculator.wasm", import.meta.url);

async function attempt(
  source: string | URL,
  name: string,
  parameters: readonly unknown[],
  options?: SandboxOptions,
): Promise<string> {
  try {
    return `value ${String(await run(source, name, parameters, options))}`;
  } catch (error) {
    if (!(error instanceof CordonError)) throw error;
    switch (error.code) {
      case "guest-error":
        return `the component's own error: ${String(error.payload)}`;
      case "trap":
        return "the component crashed";
      case "limit":
        return `over the limit ${String(error.limit?.limit)} of ${String(error.limit?.cap)}`;
      case "usage":
      case "policy":
        return `our mistake: ${error.message}`;
      case "invalid-component":
      case "unsupported":
        return `cannot run it: ${error.message}`;
      case "denied":
      case "signature":
      case "cancelled":
      case "host":
        break;
    }
    return `${error.code}: ${error.message}`;
  }
}

const shown = [
  await attempt(calculator, "divide", [7, 2]),
  await attempt(calculator, "divide", [7, 0]),
  await attempt(calculator, "fail", []),
  await attempt(calculator, "spin", [], { limits: { timeoutMs: 200 } }),
  await attempt(calculator, "multiply", [7, 2]),
  await attempt(calculator, "add", [1, 2], { grants: { filesystem: { read: ["/no/such/folder"] } } }),
  await attempt(new URL(import.meta.url), "add", [1, 2]),
];
console.log(shown.join("\n"));

assert.equal(shown[0], "value 3");
assert.equal(shown[1], "the component's own error: division by zero");
assert.equal(shown[2], "the component crashed");
assert.equal(shown[3], "over the limit deadline of 200");
assert.match(String(shown[4]), /^our mistake: .*there is no such export/);
assert.match(String(shown[5]), /^our mistake: .*no such file or folder/);
assert.match(String(shown[6]), /^cannot run it: .*it is text, not a WebAssembly component/);
