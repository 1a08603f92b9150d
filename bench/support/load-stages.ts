/**
 * Loads a component in a fresh process in one mode, and prints what that took. Parameters: the mode, the component, an empty
 * folder or one that holds the artifact. Sends an object of milliseconds by stage, in order.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { Worker } from "node:worker_threads";
import { decodeArtifact, encodeArtifact } from "../../src/component/artifact.ts";
import { ArtifactCache } from "../../src/component/artifact-cache.ts";
import { artifactKey } from "../../src/component/artifact-key.ts";
import { digestOf } from "../../src/component/digest.ts";
import type { PrepareMessage, PrepareRequest } from "../../src/component/preparation/messages.ts";
import { makeArtifact, recognize } from "../../src/component/preparation/recognize.ts";
import { beginReading } from "../../src/sandbox/loading/source.ts";
import { finish } from "./child.ts";
import { BUNDLE, library } from "./cordon.ts";

/** Milliseconds by stage, in the order in which the stages ran. */
export type Stages = Readonly<Record<string, number>>;

const [mode = "", path = "", directory = ""] = process.argv.slice(2);
const stages: Record<string, number> = {};
let lapStart = 0;

function lap(stage: string): void {
  const now = performance.now();
  stages[stage] = now - lapStart;
  lapStart = now;
}

/** Every stage by itself, all in this thread. */
async function piecewise(): Promise<void> {
  lapStart = performance.now();
  const { bytes: component } = await beginReading(path)(new AbortController().signal);
  lap("read");
  const digest = await digestOf(component);
  lap("digest");
  const recognized = recognize(component);
  lap("validate and plan");
  const artifact = makeArtifact({ component, digest, sharedMemory: false }, recognized, () => undefined);
  lap("harden");
  const encoded = encodeArtifact(artifact);
  lap("encode");
  await decodeArtifact(encoded);
  lap("check");
  if (!(await new ArtifactCache({ directory }).put(artifactKey({ digest, sharedMemory: false }), encoded))) {
    throw new Error("the artifact was not kept");
  }
  lap("cache write");
  await Promise.all(artifact.modules.map(({ bytes }) => WebAssembly.compile(bytes)));
  lap("compile");
}

/** The worker thread that does the middle stages in truth, seen from outside. */
async function workerThread(): Promise<void> {
  const component = readFileSync(path);
  const request: PrepareRequest = {
    type: "artifact",
    component,
    digest: await digestOf(component),
    sharedMemory: false,
  };
  lapStart = performance.now();
  const worker = new Worker(join(BUNDLE, "prepare-worker.js"), {
    workerData: request,
    argv: [],
    env: {},
    execArgv: [],
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  worker.on("message", (message: PrepareMessage) => {
    if (message.type === "stage") lap(message.stage === "validating" ? "start the worker" : "validate");
    else if (message.type === "artifact") resolve();
    else reject(new Error(message.type === "refused" ? message.message : `it answered with a ${message.type}`));
  });
  worker.once("error", reject);
  await promise;
  lap("work");
  await worker.terminate();
}

/** What a user waits for: a sandbox, from the bundle. */
async function open(): Promise<void> {
  const { Sandbox } = await library();
  lapStart = performance.now();
  await using sandbox = await Sandbox.open(path, { cache: { directory } });
  lap("open");
  const { value } = await sandbox.call("add", [5, 3]);
  lap("first call");
  if (value !== 8) throw new Error(`the guest added wrongly: ${String(value)}`);
}

/** Reading and compiling the core modules of an artifact that was kept, unchecked and in this thread. */
async function bareCached(): Promise<void> {
  // The bundle keeps it under a key of its own.
  const kept = readdirSync(directory).find((name) => name.endsWith(".artifact"));
  if (kept === undefined) throw new Error("the artifact was not kept");
  const artifact = await decodeArtifact(readFileSync(join(directory, kept)));
  lapStart = performance.now();
  readFileSync(join(directory, kept));
  const compiled = artifact.modules.map(({ bytes }) => new WebAssembly.Module(bytes));
  lap("bare");
  if (compiled.length === 0) throw new Error("the artifact has no core module");
}

switch (mode) {
  case "piecewise":
    await piecewise();
    break;
  case "worker":
    await workerThread();
    break;
  case "open":
    await open();
    break;
  default:
    await bareCached();
}
finish(stages);
