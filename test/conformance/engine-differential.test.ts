/**
 * That the engine gives what others give: generated components that pass values to each other, in every type and encoding, with
 * memories that lie. `scripts/fuzz-engine.ts` does thousands.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compareEngines } from "../support/differential/engine-differential.ts";
import { needing } from "../support/needs.ts";
import { shareOfThisNode } from "../support/node-share.ts";

/** On both Nodes together. */
const COMPOSITIONS = 500;

const SHARE = shareOfThisNode(COMPOSITIONS);

test("generated components come out as in a sandbox and with jco", async () => {
  const peers = { sandboxEvery: 10, jcoEvery: 5, wasmtime: false };
  const { compared, differences } = await compareEngines(1, SHARE, peers);
  assert.deepEqual(differences, []);
  assert.ok(compared.traps > compared.engine / 10 && compared.traps < compared.engine / 2, `${compared.traps} traps`);
  assert.ok(compared.jco > 10 && compared.sandbox >= 20, JSON.stringify(compared));
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
