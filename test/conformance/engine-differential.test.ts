/**
 * That the engine gives what others give: generated components that pass values to each other, in every type and encoding, with
 * memories that lie. `scripts/fuzz-engine.ts` does thousands.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compareEngines } from "../support/differential/engine-differential.ts";
import { needing } from "../support/needs.ts";

const COMPOSITIONS = 500;

test("generated components come out as in a sandbox and with jco", async () => {
  const peers = { sandboxEvery: 10, jcoEvery: 5, wasmtime: false };
  const { compared, differences } = await compareEngines(1, { from: 0, to: COMPOSITIONS }, peers);
  assert.deepEqual(differences, []);
  assert.ok(compared.traps > COMPOSITIONS / 10 && compared.traps < COMPOSITIONS / 2, `${compared.traps} traps`);
  assert.ok(compared.jco > 20 && compared.sandbox > 40, JSON.stringify(compared));
});

test(
  "generated components come out as with wasmtime",
  needing(["wasmtime"], async () => {
    const peers = { sandboxEvery: Infinity, jcoEvery: Infinity, wasmtime: true };
    const { compared, differences } = await compareEngines(2, { from: 0, to: COMPOSITIONS / 2 }, peers);
    assert.deepEqual(differences, []);
    assert.ok(compared.wasmtime > COMPOSITIONS / 4, JSON.stringify(compared));
  }),
);
