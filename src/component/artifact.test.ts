import assert from "node:assert/strict";
import { test } from "node:test";
import { failsWith } from "../../test/support/errors.ts";
import { type Artifact, decodeArtifact, encodeArtifact } from "./artifact.ts";

const SIDE = { interfaces: [], functions: [], other: [] };

const ARTIFACT: Artifact = {
  digest: "sha256:00",
  interface: { imports: SIDE, exports: SIDE },
  glue: "return function instantiate() {} // é 🌍",
  modules: [
    { name: "a.wasm", bytes: Uint8Array.of(1, 2, 3), memories: [{ initialPages: 1, address64: false, shared: false }] },
    { name: "b.wasm", bytes: new Uint8Array(), memories: [] },
  ],
  instantiations: ["a.wasm", "b.wasm", "a.wasm"],
  preview1: true,
  tables: { count: 2, entries: 300 },
  heapBytes: 4096,
  typeKeys: Uint8Array.of(5, 6, 7, 8),
};

test("what is encoded is decoded", async () => {
  const decoded = await decodeArtifact(encodeArtifact(ARTIFACT));
  assert.deepEqual(
    {
      ...decoded,
      modules: decoded.modules.map((module) => ({ ...module, bytes: Uint8Array.from(module.bytes) })),
      typeKeys: Uint8Array.from(decoded.typeKeys),
    },
    ARTIFACT,
  );
});

test("an artifact that is cut or altered anywhere is not decoded", async () => {
  const whole = encodeArtifact(ARTIFACT);
  for (let at = 0; at < whole.length; at += 1) {
    await failsWith("host", /truncated or was altered/, () => decodeArtifact(whole.subarray(0, at)));
    const altered = Uint8Array.from(whole);
    altered[at] = (altered[at] ?? 0) ^ 1;
    await failsWith("host", /truncated or was altered/, () => decodeArtifact(altered));
  }
});
