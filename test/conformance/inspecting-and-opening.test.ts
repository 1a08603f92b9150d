/** That inspecting says "can run" of exactly those components that opening takes, and refuses with the same words. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CordonError, inspect, Sandbox } from "../../src/sandbox/index.ts";
import { unpackComponentSuite } from "../support/component-suite.ts";
import { needing } from "../support/needs.ts";
import { parse } from "../support/wasm-tools.ts";

/** Of the official components, one in so many. */
const ONE_IN = 120;

const REFUSED = /^Cannot (?:load|decode) the component: /;

/** Whether a component can be run, and why not, by inspecting it. */
async function inspected(bytes: Uint8Array): Promise<string> {
  try {
    const { runnable, missing, refusal } = await inspect(bytes);
    assert.equal(runnable, missing.length === 0 && refusal === undefined);
    if (refusal !== undefined) return refusal;
    return runnable ? "runs" : `it imports what this version does not provide: ${missing.join(", ")}`;
  } catch (thrown) {
    assert.ok(thrown instanceof CordonError, String(thrown));
    return thrown.message.replace(REFUSED, "");
  }
}

/** The same by opening it. */
async function opened(bytes: Uint8Array): Promise<string> {
  try {
    const sandbox = await Sandbox.open(bytes, { cache: false });
    await sandbox.close();
    return "runs";
  } catch (thrown) {
    assert.ok(thrown instanceof CordonError, String(thrown));
    return thrown.message.replace(REFUSED, "").replace(/; give functions of your own .*$/u, "");
  }
}

async function agree(name: string, bytes: Uint8Array): Promise<string> {
  const [one, other] = [await inspected(bytes), await opened(bytes)];
  assert.equal(one, other, name);
  return one;
}

test(
  "official components can be run by inspecting exactly when they can be by opening",
  needing(["component-suite"], async () => {
    await using suite = await unpackComponentSuite();
    const outcomes: string[] = [];
    for (const { name, bytes } of suite.binaries.filter((_, index) => index % ONE_IN === 0)) {
      outcomes.push(await agree(name, bytes));
    }
    const running = outcomes.filter((one) => one === "runs").length;
    assert.ok(running > 1 && running < outcomes.length - 1, `${running} of ${outcomes.length} run`);
  }),
);

const IMPORTING = (what: string): string => `(component ${what})`;

/** What components may import, and whether it is there. */
const IMPORTS: Readonly<Record<string, RegExp>> = {
  '(import "wasi:random/random@0.2.99" (instance (export "get-random-u64" (func (result u32)))))': /of type/,
  '(import "dice" (implements "wasi:random/random@0.2.1") (instance (export "get-random-u64" (func (result u64)))))':
    /^runs$/,
  '(import "dice" (instance (export "get-random-u64" (func (result u64)))))': /dice$/,
  '(import "m" (core module))': /m \(a module\)$/,
  '(import "t" (type (sub resource)))': /t \(a resource\)$/,
  '(import "i" (instance (export "j" (instance (export "f" (func))))))': /i \(a component\)$/,
};

test("what can be imported is the same by inspecting and by opening", async () => {
  for (const [text, outcome] of Object.entries(IMPORTS)) {
    assert.match(await agree(text, await parse(IMPORTING(text))), outcome, text);
  }
});
