import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { failsWith } from "../../../test/support/errors.ts";
import { bundled, testGuest, textGuest } from "../../../test/support/guests.ts";
import { coreFunction } from "../../../test/support/text-guests.ts";
import { loadTranspiler } from "../../../test/support/transpiler.ts";
import { encodeArtifact } from "../artifact.ts";
import { decodeComponent } from "../decode-component.ts";
import { type ArtifactRequest, buildArtifact } from "./build-artifact.ts";
import { HardeningThread } from "./hardening-thread.ts";
import { transpile } from "./transpile.ts";

/** More than what is worth a thread. */
const MANY_BYTES = `(memory 16) (data (i32.const 0) "${"a".repeat(300_000)}")`;

async function requestOf(source: string | Promise<string>, sharedMemory = false): Promise<ArtifactRequest> {
  const component = new Uint8Array(await readFile(await source));
  return { component, digest: "sha256:0", blocking: [], sharedMemory };
}

async function inOneThread(request: ArtifactRequest): Promise<Uint8Array> {
  return encodeArtifact(await buildArtifact(request, await loadTranspiler()));
}

function threadFor({ component }: ArtifactRequest): HardeningThread {
  const thread = HardeningThread.for(component);
  assert.ok(thread !== undefined);
  return thread;
}

const threads = `(memory 1 1 shared) (data "${"a".repeat(300_000)}") (func (result i32) (i32.atomic.load (i32.const 0)))`;

for (const [name, request] of [
  ["one with one of everything", () => requestOf(testGuest())],
  ["a bundled one", () => requestOf(bundled("skill-scanner"))],
  ["one of shared memory", () => requestOf(textGuest("harden-shared", coreFunction("", { fields: threads })), true)],
] as const) {
  test(`an artifact is the same whether its modules are hardened meanwhile or after: ${name}`, async () => {
    const asked = await request();
    assert.ok(Buffer.from(await transpile(asked)).equals(await inOneThread(asked)));
  });
}

test("what is refused is refused with the same words", async () => {
  const request = await requestOf(textGuest("harden-shared", coreFunction("", { fields: threads })));
  const alone = await failsWith("unsupported", /shared memory/u, () => inOneThread(request));
  const beside = await failsWith("unsupported", /shared memory/u, () => transpile(request));
  assert.equal(beside.message, alone.message);
});

test("small components have no thread of their own", async () => {
  const { component } = await requestOf(textGuest("harden-small", coreFunction("")));
  assert.equal(HardeningThread.for(component), undefined);
});

test("what a thread did not do that was lost is done without it", async () => {
  const request = await requestOf(textGuest("harden-many", coreFunction("", { fields: MANY_BYTES })));
  const ranges = decodeComponent(request.component).coreModules;
  const thread = threadFor(request);
  const ended = thread.end();
  thread.begin({ component: request.component, ranges, allow: { threads: false } });
  assert.equal(await thread.module(0), undefined);
  await ended;
  const transpiler = await loadTranspiler();
  const late = encodeArtifact(await buildArtifact(request, transpiler, thread));
  assert.ok(Buffer.from(late).equals(await inOneThread(request)));
});
