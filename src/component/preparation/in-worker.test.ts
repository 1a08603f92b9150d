import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { COMPONENT_SECTION, componentOf, leb128, repeated, sectionOf } from "../../../test/support/component-bytes.ts";
import { failsWith } from "../../../test/support/errors.ts";
import type { ArtifactRequest } from "./build-artifact.ts";
import { artifactInWorker, describeInWorker } from "./in-worker.ts";

const IMPORTS = 12_000;

/** Imports much, by names of which preparing keeps several copies, and has many types. */
const IMPORTING = componentOf(
  sectionOf(COMPONENT_SECTION.type, repeated(90_000, 0x40, 0, 1, 0)),
  sectionOf(
    COMPONENT_SECTION.import,
    leb128(IMPORTS),
    ...Array.from({ length: IMPORTS }, (_, index) => {
      const name = Buffer.from(`f${index}`.padEnd(90, "x"));
      return Buffer.concat([Uint8Array.of(0), leb128(name.length), name, Uint8Array.of(1, 0)]);
    }),
  ),
);

const REQUEST: ArtifactRequest = { component: IMPORTING, digest: "sha256:0", sharedMemory: false };

describe("a component that takes its preparation too much", () => {
  test("time is refused, when it is inspected as well", async () => {
    for (const attempt of [
      () => artifactInWorker(REQUEST, { timeoutMs: 1 }),
      () => describeInWorker(REQUEST, { timeoutMs: 1 }),
    ]) {
      const error = await failsWith("limit", /preparing it took over 1 ms/, attempt);
      assert.deepEqual(error.limit, { limit: "deadline", cap: 1 });
    }
  });

  // Much less than that is no room for a thread at all, and ends the process.
  test("memory is refused, and this process goes on", async () => {
    for (const attempt of [
      () => artifactInWorker(REQUEST, { heapMb: 16 }),
      () => describeInWorker(REQUEST, { heapMb: 16 }),
    ]) {
      const error = await failsWith("limit", /preparing it took over 16 MiB/, attempt);
      assert.deepEqual(error.limit, { limit: "host-memory", cap: 16 * 1024 * 1024 });
    }
    assert.equal((await describeInWorker(REQUEST)).description.interface.imports.functions.length, IMPORTS);
  });
});
